using Akka.Actor;
using SplitActors.Actors.Cluster;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A cluster as <c>splitactors cluster init</c> makes it: TLS with certificates on both sides.</summary>
public sealed class MemberTlsTests
{
    private const string Prompt = "Alice looked at the";

    [Fact]
    public async Task Processes_StartedInAnyOrder_GiveTheTextOfRun()
    {
        using var folder = await MemberFolder.CreateAsync(MemberFolder.FreePort());
        using var worker = folder.Start("worker", "gpu1");
        using var edge = folder.Start("edge", "pi1", Prompt, "--max-tokens", "24");
        await worker.EventAsync("ready");
        using var scheduler = folder.Start("scheduler", "cloud1");

        Assert.Equal("worker/gpu1", await edge.WorkerAsync());
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await NodeCluster.EndAsync(worker, scheduler);
    }

    [Fact]
    public async Task Edge_OfAnotherAuthority_IsRefused_AndTheClusterServesOn()
    {
        var port = MemberFolder.FreePort();
        using var folder = await MemberFolder.CreateAsync(port);
        using var others = await MemberFolder.CreateAsync(port);
        using var cloud = folder.Start("cloud", "cloud1");
        await cloud.EventAsync("joined");
        using var stranger = others.Start("edge", "pi1", Prompt, "--patience", "3");

        var refused = await stranger.EndAsync();
        Assert.Equal(ExitCode.Cluster, refused.ExitCode);
        Assert.Contains("is not of this cluster's authority of nodes", refused.Error, StringComparison.Ordinal);
        Assert.Contains($"--join: expected a node of a cluster that answers, found none at 127.0.0.1:{port}", refused.Error, StringComparison.Ordinal);
        using var edge = folder.Start("edge", "pi1", Prompt, "--max-tokens", "24");
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await NodeCluster.EndAsync(cloud);
    }

    [Fact]
    public async Task Worker_ThatAnotherMemberDowns_ComesBackAndServes()
    {
        var port = MemberFolder.FreePort();
        using var scheduler = new NodeProcess(["scheduler", "--listen", $"127.0.0.1:{port}"]);
        using var worker = new NodeProcess(["worker", "--join", $"127.0.0.1:{port}", "--name", "gpu1", "--threads", "1"]);
        await scheduler.EventAsync("joined");
        using var operatorSystem = ActorSystem.Create(
            MemberSettings.SystemName, new MemberSettings { Host = "127.0.0.1", Port = 0, Seeds = [$"127.0.0.1:{port}"], Roles = [] }.ToSetup());
        var cluster = Akka.Cluster.Cluster.Get(operatorSystem);
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(up.SetResult);
        await up.Task.WaitAsync(TimeSpan.FromSeconds(60));
        cluster.Down(cluster.State.Members.Single(member => member.HasRole(ClusterRoles.Worker)).Address);

        Assert.Contains("it joins again", await worker.EventAsync("given_up"), StringComparison.Ordinal);
        Assert.StartsWith("worker/gpu1 joined", await scheduler.EventAsync("joined"), StringComparison.Ordinal);
        using var edge = new NodeProcess(["edge", Prompt, "--join", $"127.0.0.1:{port}", "--max-tokens", "24", "--threads", "1"]);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await operatorSystem.Terminate();
        await NodeCluster.EndAsync(worker, scheduler);
    }
}
