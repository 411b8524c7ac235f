using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using SplitActors.Actors.Cluster;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>The two seed nodes of a cluster that was given up: neither is a member of anything.</summary>
public sealed class SeedNodeTests : IAsyncDisposable
{
    private readonly List<ActorSystem> _systems = [];
    private readonly int[] _ports = FreePorts();

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems)
            await system.Terminate();
    }

    [Fact]
    public async Task FirstSeed_OtherIsOfNoClusterEither_BeginsOne()
    {
        var (first, second) = (Start(0), Start(1));

        await UpAsync(first, 2);
        await UpAsync(second, 2);
    }

    /// <summary>It is asked for by nobody but itself while the other begins a cluster, and goes to that.</summary>
    [Fact]
    public async Task FirstSeed_NobodyAnswers_WaitsForTheOther()
    {
        var first = Start(0);
        var second = Start(1);
        var cluster = Akka.Cluster.Cluster.Get(second);
        cluster.Join(cluster.SelfAddress);

        await UpAsync(first, 2);
        await UpAsync(second, 2);
    }

    [Fact]
    public void Patience_OfAnotherThanTheFirstSeed_ChangesNothing()
    {
        Assert.Equal(TimeSpan.FromMinutes(5), SettingsOf(0).ToConfig().GetTimeSpan("akka.cluster.seed-node-timeout"));
        Assert.Equal(TimeSpan.FromSeconds(3), SettingsOf(1).ToConfig().GetTimeSpan("akka.cluster.seed-node-timeout"));
    }

    private static Task UpAsync(ActorSystem system, int count) => TestNode.UntilAsync(
        () => Akka.Cluster.Cluster.Get(system).State.Members.Count(member => member.Status == MemberStatus.Up) == count, $"{count} members are up");

    private static int[] FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return [((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port];
    }

    private MemberSettings SettingsOf(int number) => new()
    {
        Host = "127.0.0.1",
        Port = _ports[number],
        Seeds = [.. _ports.Select(port => $"127.0.0.1:{port}")],
        Roles = [ClusterRoles.Scheduler, ClusterRoles.Slots],
        FoundPatience = TimeSpan.FromMinutes(5),
    };

    private ActorSystem Start(int number)
    {
        var system = ActorSystem.Create(MemberSettings.SystemName, SettingsOf(number).ToSetup());
        _systems.Add(system);
        _ = Akka.Cluster.Cluster.Get(system);
        return system;
    }
}
