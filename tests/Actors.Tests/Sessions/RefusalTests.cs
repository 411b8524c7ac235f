using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class RefusalTests
{
    private static readonly ByteString OtherDigest = ByteString.CopyFrom(Enumerable.Repeat((byte)0xAB, 32).ToArray());

    [Fact]
    public async Task Device_WithAnotherModel_FailsNamingBothDigests()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { ModelDigest = OtherDigest });
        cluster.RunUntilEnded(session);

        AssertFailed(session, "abababababab", Convert.ToHexStringLower(Quill.Digest.Span[..6]));
    }

    [Fact]
    public async Task Device_OfAnotherVersion_FailsNamingBothVersions()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.Network.Replace = message => message.Body is Hello hello ? new Hello(hello) { ProtocolVersion = 99 } : message.Body;
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.RunUntilEnded(session);

        AssertFailed(session, "version 99", $"the scheduler {ProtocolVersion.Current}");
    }

    [Fact]
    public async Task Worker_WithAnotherModel_StopsNamingBothDigests()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { ModelDigest = OtherDigest });
        cluster.Driver.RunFor(TimeSpan.FromSeconds(3));

        var reason = Assert.Single(cluster.StopReasons);
        Assert.Contains("abababababab", reason, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(Quill.Digest.Span[..6]), reason, StringComparison.Ordinal);
        Assert.Contains(cluster.Events, nodeEvent => nodeEvent is NodeStopped { Node.Name: "worker-1" });
    }

    [Fact]
    public async Task Session_WithWorkersOfOtherLayersOnly_FailsNamingBothRanges()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { Layers = new(6, 8) });
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { RefusedTimeMax = TimeSpan.FromSeconds(2) });
        cluster.RunUntilEnded(session);

        AssertFailed(session, "layers 5–8", "1 with layers 7–8");
    }

    [Fact]
    public async Task Session_OpenedOnAWorkerOfOtherLayers_FailsNamingBothRanges()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { Layers = new(6, 8) });
        cluster.Network.Replace = message => message.Body is Hello { Role: Role.Worker } hello ? new Hello(hello) { FirstLayer = 4 } : message.Body;
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.RunUntilEnded(session);

        AssertFailed(session, "layers 1–4", "layers 7–8");
    }

    [Theory]
    [InlineData(512)]
    [InlineData(600)]
    public async Task Prompt_LongerThanTheContext_FailsNamingBothLengths(int tokenCount)
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Device);
        var session = cluster.StartSession([.. Enumerable.Repeat(5, tokenCount)]);
        cluster.RunUntilEnded(session);

        AssertFailed(session, $"{tokenCount} tokens", "512");
    }

    [Fact]
    public async Task Scheduler_OutOfReach_FailsTheSession()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.Network.Replace = _ => null;
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.RunUntilEnded(session);

        AssertFailed(session, "scheduler", "4 messages were not answered");
        Assert.Equal(TimeSpan.FromSeconds(20), cluster.Driver.Time.Elapsed);
    }

    [Fact]
    public async Task Sessions_OnAWorkerWhoseQueueIsFull_WaitAndComplete()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { QueuedRowsMax = 16 });
        var sessions = Enumerable.Range(0, 4)
            .Select(_ => cluster.StartSession(Undisturbed.LongPrompt, change: options => options with { ChunkTokensMax = 16, GeneratedCountMax = 4 }))
            .ToList();
        cluster.RunUntilEnded(sessions);

        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected is { Reason: RejectReason.QueueFull, RetryAfterMs: 200 });
        Assert.All(sessions, session => AssertUndisturbed(session, 4));
    }

    [Fact]
    public async Task Session_RefusedByAFullWorker_GetsThePlaceOfTheOneThatEnds()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { SessionCountMax = 1 });
        cluster.Network.Replace = message => message.Body switch
        {
            Hello { Role: Role.Worker } hello => new Hello(hello) { SessionCountMax = 10 }, // so that the worker itself has to refuse
            DecodeStep { Position: > 20, SessionId: 1 } => null,                            // the first session keeps its place for a while
            var body => body,
        };
        var first = cluster.StartSession(Quill.Prompt(1), change: options => options with { AnswerTimeout = TimeSpan.FromSeconds(1) });
        var second = cluster.StartSession(Undisturbed.LongPrompt, change: options => options with { GeneratedCountMax = 4 });
        cluster.Driver.RunFor(TimeSpan.FromSeconds(3));
        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected is { Reason: RejectReason.SessionLimit, SessionId: 2 });
        Assert.Null(second.Ended);
        first.Actor!.Post(new CancelSession());
        cluster.RunUntilEnded(second);

        AssertUndisturbed(second, 4);
    }

    [Fact]
    public async Task Frame_DamagedOnItsWay_IsSentAgain()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        var damaged = 0;
        cluster.Network.Replace = message => message.Body is DecodeStep step && ++damaged % 5 == 2 ? Damage(step) : message.Body;
        var session = cluster.StartSession(Undisturbed.LongPrompt, change: options => options with { ChunkTokensMax = 16, GeneratedCountMax = 20 });
        cluster.RunUntilEnded(session);

        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected.Reason == RejectReason.BadFrame);
        AssertUndisturbed(session, 20);
        Assert.Equal(0, session.LossCount);
        Assert.Equal(TimeSpan.Zero, cluster.Driver.Time.Elapsed); // no timeout was needed
    }

    [Fact]
    public async Task Frame_DamagedEveryTime_FailsTheSessionWithTheReason()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        cluster.Network.Replace = message => message.Body is DecodeStep step ? Damage(step) : message.Body;
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.RunUntilEnded(session);

        AssertFailed(session, "17 workers were lost", "BadChecksum");
    }

    [Fact]
    public async Task HiddenStatesOfNaN_FailTheirSessionOnly()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Lossless);
        cluster.StartWorker("worker/1");
        var frame = new HiddenStateEncoder(Undisturbed.Lossless.Compression)
            .Encode(Enumerable.Repeat(float.NaN, Quill.Config.HiddenSize).ToArray(), 1, Quill.Config.HiddenSize);
        cluster.Network.Replace = message => message.Body is DecodeStep { SessionId: 1, TokenCount: 1 } step
            ? new DecodeStep(step) { Frame = ByteString.CopyFrom(frame.Bytes.Span) }
            : message.Body;
        var bad = cluster.StartSession(Quill.Prompt(0));
        var good = cluster.StartSession(Undisturbed.LongPrompt, change: options => options with { GeneratedCountMax = 20 });
        cluster.RunUntilEnded(bad, good);

        AssertFailed(bad, "not a finite number");
        AssertUndisturbed(good, 20, Undisturbed.Lossless);
        Assert.DoesNotContain(cluster.Events, nodeEvent => nodeEvent is NodeFailed);
    }

    private static DecodeStep Damage(DecodeStep step)
    {
        var bytes = step.Frame.ToByteArray();
        bytes[bytes.Length / 2] ^= 0x10;
        return new DecodeStep(step) { Frame = ByteString.CopyFrom(bytes) };
    }

    private static void AssertFailed(SimulatedSession session, params string[] parts)
    {
        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        Assert.All(parts, part => Assert.Contains(part, session.Ended.Detail, StringComparison.Ordinal));
    }

    private static void AssertUndisturbed(SimulatedSession session, int tokenCount, FixedPlan? plan = null)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(plan ?? Undisturbed.Compressed, Undisturbed.LongPrompt, SamplingOptions.Greedy, tokenCount), session.Tokens);
    }
}
