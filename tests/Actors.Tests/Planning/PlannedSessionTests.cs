using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Planning.Compute;

namespace SplitActors.Actors.Tests.Planning;

/// <summary>Whole sessions that are planned and planned anew, on the embedded model: the text is always the one of a session that was left alone.</summary>
public sealed class PlannedSessionTests
{
    private const int TokenCount = 40;

    private static readonly SessionPlanner Planner = PlanningWorld.Planner() with { CompressionOf = _ => CompressionOptions.Lossless };

    [Fact]
    public async Task Session_OfWhichTheLinkGetsSlow_IsMovedToItsDevice()
    {
        EmulatedLinkTransport? link = null;
        await using var cluster = new SimulatedCluster(
            plan: null, (inner, clock) => link = new EmulatedLinkTransport(inner, clock, PlanningWorld.Link(10), seed: 1, address => address.StartsWith("edge/", StringComparison.Ordinal)), planner: Planner);
        StartWorker(cluster);
        var session = Start(cluster, PlanningWorld.Machine(4), 10);
        cluster.RunUntil(() => session.TokenCount >= 10);
        link!.Profile = PlanningWorld.Link(500);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Equal((ExecutionMode.Cloud, ExecutionMode.Device), session.Events.OfType<SessionMoved>().Select(moved => (moved.From.Mode, moved.To.Mode)).Single());
    }

    [Fact]
    public async Task Session_OfWhichTheDeviceLosesMemory_KeepsFewerLayers()
    {
        await using var cluster = new SimulatedCluster(plan: null, planner: Planner);
        var world = new PlanningWorld();
        StartWorker(cluster);
        cluster.SlowDown(TimeSpan.FromMilliseconds(60)); // so that tokens take time enough for the scheduler to plan anew
        var session = Start(cluster, PlanningWorld.Machine(0.1), 0, world.MemoryAt(6));
        cluster.RunUntil(() => session.TokenCount >= 20);
        session.Actor!.Post(new DeviceMemoryChanged((ulong)world.MemoryAt(3)));
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Contains(session.Events.OfType<SessionMoved>(), moved => moved.From.SplitLayer > 3 && moved.To.SplitLayer <= 3);
        Assert.True(session.Events.OfType<SessionMoved>().Last().To.SplitLayer is <= 3 or 0);
    }

    [Fact]
    public async Task Session_OfADeviceWithRoomForFewerTokens_EndsAtThem()
    {
        await using var cluster = new SimulatedCluster(plan: null, planner: Planner);
        var world = new PlanningWorld();
        var promptCount = Quill.Prompt(3).Count;
        var session = Start(cluster, PlanningWorld.Machine(0.1), 0, world.MemoryAt(8, tokenCount: promptCount + 16)); // and there is no worker
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        var allowed = session.Events.OfType<SessionPlanned>().Single().Plan.TokenCountMax;
        Assert.InRange((int)allowed, promptCount + 1, promptCount + TokenCount - 1);
        Assert.Equal((int)allowed - promptCount, session.TokenCount);
    }

    private static void StartWorker(SimulatedCluster cluster) => cluster.StartWorker("worker/1", options => options with { Costs = PlanningWorld.Machine(1) });

    private static SimulatedSession Start(SimulatedCluster cluster, MachineProfile device, double roundTripMs, long? memoryBytesMax = null)
    {
        var description = new DeviceDescription { Costs = device.ToMessage(), ChunkRows = 64, ThreadCount = 1 };
        if (memoryBytesMax is { } bytes)
            description.MemoryBytesMax = (ulong)bytes;
        return cluster.StartSession(
            Quill.Prompt(3),
            Undisturbed.Random,
            options => options with
            {
                GeneratedCountMax = TokenCount,
                EndTokens = [],
                LinkReportTokens = 4,
                Link = PlanningWorld.Link(roundTripMs),
                Device = description,
            });
    }

    private static void AssertUndisturbed(SimulatedSession session)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), Undisturbed.Random, TokenCount), session.Tokens);
    }
}
