using System.Globalization;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Nodes;

/// <summary>This process as a member of a cluster, from joining until it leaves or the others give it up.</summary>
internal sealed class ClusterMember : IAsyncDisposable
{
    /// <summary>How often it looks whether it is stranded, and for how many times that has to be so.</summary>
    private static readonly TimeSpan StrandedPeriod = TimeSpan.FromSeconds(2);

    private const int StrandedCount = 3;

    private readonly IHost _host;

    private ClusterMember(IHost host, ActorSystem system, ClusterRoutes routes) => (_host, System, Routes) = (host, system, routes);

    public ActorSystem System { get; }

    public ClusterRoutes Routes { get; }

    private IEnumerable<Member> Members => Akka.Cluster.Cluster.Get(System).State.Members;

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
    public string Address => AddressOf(SelfAddress);

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

    /// <summary>
    /// Completes when its cluster has had no scheduler, but perhaps its own, for a while, and one of the seeds that is not of this cluster
    /// answers: it was started again, found nobody whom it knew, and has begun another cluster.
    /// </summary>
    /// <param name="seeds">HOST:PORT of each.</param>
    /// <param name="cancellation">Ends looking.</param>
    public async Task StrandedAsync(IReadOnlyList<string> seeds, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(StrandedPeriod);
        for (var without = 0; await timer.WaitForNextTickAsync(cancellation);)
        {
            var isUp = Members.Any(member => member.Address == SelfAddress && member.Status == MemberStatus.Up); // else it has not joined yet
            var hasOther = Members.Any(member => member.HasRole(ClusterRoles.Scheduler) && member.Address != SelfAddress);
            without = isUp && !hasOther ? without + 1 : 0;
            if (without < StrandedCount)
                continue;
            foreach (var seed in seeds.Where(seed => !Members.Any(member => AddressOf(member.Address) == seed)))
            {
                if (await AnswersAsync(seed, cancellation))
                    return;
            }
        }
    }

    /// <summary>Lets its sessions go elsewhere, and leaves.</summary>
    public Task LeaveAsync()
    {
        HandshakeFailures.Of(System).Release();
        return _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _host.Dispose();
    }

    private static string AddressOf(Address address) => string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");

    private static async Task<bool> AnswersAsync(string address, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StrandedPeriod);
        using var client = new TcpClient();
        try
        {
            var colon = address.LastIndexOf(':');
            await client.ConnectAsync(address[..colon], int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture), limit.Token);
            return true;
        }
        catch (Exception closed) when (closed is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
