using System.Globalization;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Nodes;

/// <summary>This process as a member of a cluster, from joining until it leaves or the others give it up.</summary>
internal sealed class ClusterMember : IAsyncDisposable
{
    private readonly IHost _host;

    private ClusterMember(IHost host, ActorSystem system, ClusterRoutes routes) => (_host, System, Routes) = (host, system, routes);

    public ActorSystem System { get; }

    public ClusterRoutes Routes { get; }

    private Address SelfAddress => Akka.Cluster.Cluster.Get(System).SelfAddress;

    /// <summary>Completes when it is a member no more, whyever.</summary>
    public Task Ended => System.WhenTerminated;

    /// <summary>Starts what the node runs, which joins beside it.</summary>
    /// <param name="settings">Where it is, and whom it joins.</param>
    /// <param name="actors">That it runs.</param>
    /// <param name="drainTimeMax">For its sessions to go elsewhere, when it leaves.</param>
    /// <param name="report">Told of failures and of what no honest peer does, in a sentence each.</param>
    public static async Task<ClusterMember> StartAsync(MemberSettings settings, MemberActors actors, TimeSpan drainTimeMax, Action<string> report)
    {
        var found = new TaskCompletionSource<ClusterRoutes>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drainTimeMax + TimeSpan.FromSeconds(30)); // also for leaving itself
        builder.Services.AddAkka(MemberSettings.SystemName, (akka, _) => akka.AddMember(settings with { DrainTimeMax = drainTimeMax }, actors, found.SetResult, report));
        var host = builder.Build();
        await host.StartAsync();
        var system = host.Services.GetRequiredService<ActorSystem>();
        system.ReportFailures(report);
        return new ClusterMember(host, system, await found.Task);
    }

    /// <summary>HOST:PORT by which others reach it.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"{SelfAddress.Host}:{SelfAddress.Port}");

    /// <summary>HOST:PORT of the schedulers and workers that it knew last.</summary>
    public IReadOnlyList<string> Others =>
    [
        .. Akka.Cluster.Cluster.Get(System).State.Members.Where(member => member.HasRole(ClusterRoles.Slots) && member.Address != SelfAddress)
            .Select(member => string.Create(CultureInfo.InvariantCulture, $"{member.Address.Host}:{member.Address.Port}")),
    ];

    /// <summary>Runs something once the others know it.</summary>
    public void WhenUp(Action action) => Akka.Cluster.Cluster.Get(System).RegisterOnMemberUp(action);

    /// <summary>Completes when the others know it; false if that takes too long.</summary>
    public async Task<bool> JoinedAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WhenUp(() => up.TrySetResult());
        try
        {
            await up.Task.WaitAsync(patience, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Lets its sessions go elsewhere, and leaves.</summary>
    public Task LeaveAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
