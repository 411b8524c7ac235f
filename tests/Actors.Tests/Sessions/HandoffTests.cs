using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Devices that generate alone at first and then hand over [2511.04002, Algorithm 2].</summary>
public sealed class HandoffTests
{
    private const int TokenCount = 40;
    private const int ExitAt = 12;

    public static TheoryData<int, KvShipment> Exits => new()
    {
        { 4, KvShipment.None }, { 4, KvShipment.Exact }, { 1, KvShipment.Exact }, { 7, KvShipment.Exact }, { 0, KvShipment.None }, { 0, KvShipment.Exact },
    };

    [Theory]
    [MemberData(nameof(Exits))]
    public async Task Session_ThatHandsOver_GivesTheSameTokens(int splitLayer, KvShipment shipment)
    {
        await using var cluster = Cluster(Lossless(splitLayer));
        var session = Start(cluster, options => options with { Shipment = shipment }, Undisturbed.Random);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session, Undisturbed.Random);
        var moved = Assert.Single(session.Events.OfType<SessionMoved>());
        Assert.Equal((ExecutionMode.Device, splitLayer == 0 ? ExecutionMode.Cloud : ExecutionMode.Split, ExitAt), (moved.From.Mode, moved.To.Mode, moved.AtToken));
        Assert.Equal($"the device has generated W̄ = {ExitAt} tokens", moved.Why);
        Assert.Equal((ExitAt, splitLayer, shipment), (moved.Exit!.TokenCount, moved.Exit.SplitLayer, moved.Exit.Shipment));
        var positions = Quill.Prompt(3).Count + ExitAt - 1;
        var kvBytes = positions * (8 - splitLayer) * 2 * Quill.Config.KvWidth * sizeof(short);
        Assert.InRange(moved.Exit.KvBytes, shipment == KvShipment.Exact ? kvBytes : 0, shipment == KvShipment.Exact ? kvBytes + 200 : 0);
        Assert.InRange(moved.MessageBytes, moved.Exit.KvBytes + 1, long.MaxValue);
        if (shipment == KvShipment.Exact) // one token goes through the front, the others do not
            Assert.Equal(1u, cluster.Network.Bodies<DecodeStep>().First(step => step.ContentCase != DecodeStep.ContentOneofCase.KeysAndValues).TokenCount);
        cluster.RunUntil(() => cluster.WorkerPools.All(pool => pool.BytesInUse == 0));
        Assert.All(cluster.Fronts.SkipLast(1), front => Assert.Equal(0, front.KvBytes));
    }

    [Fact]
    public async Task Session_ThatHandsOverCompressed_GoesOnAsOnePlaceWithTheSameArithmetic()
    {
        await using var cluster = Cluster(Lossless(4));
        var session = Start(cluster, options => options with { Shipment = KvShipment.Compressed, ChunkTokensMax = 16 });
        cluster.RunUntilEnded(session);

        var at = Assert.Single(session.Events.OfType<SessionMoved>()).AtToken;
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), SamplingOptions.Greedy, at), session.Tokens.Take(at));
        Assert.Equal(
            OnePlace.ContinueShipped(Undisturbed.Lossless, Quill.Prompt(3), session.Tokens.Take(at), SamplingOptions.Greedy, TokenCount - at, KvFrameOptions.Default, chunk: 16),
            session.Tokens.Skip(at));
    }

    [Fact]
    public async Task Session_ThatHandsOverToACodec_GoesOnAsOnePlaceWithTheSameArithmetic()
    {
        var plan = new FixedPlan(ExecutionMode.Handoff, 4, CompressionOptions.Default);
        await using var cluster = Cluster(plan);
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact });
        cluster.RunUntilEnded(session);

        Assert.Equal(
            OnePlace.ContinueShipped(plan, Quill.Prompt(3), session.Tokens.Take(ExitAt), SamplingOptions.Greedy, TokenCount - ExitAt, KvFrameOptions.Lossless, chunk: 64),
            session.Tokens.Skip(ExitAt));
    }

    [Fact]
    public async Task Session_WhoseDeviceHasFewerBits_GoesOnAsOnePlaceWithTheSameArithmetic()
    {
        var fourBits = WeightFormat.Of(4, 32);
        await using var cluster = Cluster(Lossless(4));
        cluster.DeviceFormat = fourBits;
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact });
        cluster.RunUntilEnded(session);

        var before = OnePlace.Continue(Undisturbed.Device, Quill.Prompt(3), [], SamplingOptions.Greedy, ExitAt, fourBits);
        Assert.Equal(before, session.Tokens.Take(ExitAt));
        Assert.Equal(
            OnePlace.ContinueShipped(
                Undisturbed.Lossless, Quill.Prompt(3), before, SamplingOptions.Greedy, TokenCount - ExitAt, KvFrameOptions.Lossless, chunk: 64, fourBits),
            session.Tokens.Skip(ExitAt));
        Assert.NotEqual(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), SamplingOptions.Greedy, TokenCount), session.Tokens); // the bits matter
    }

    [Theory]
    [InlineData(KvShipment.None)]
    [InlineData(KvShipment.Exact)]
    public async Task Session_WhoseWorkerStopsAtAnyStepOfTheHandoff_GivesTheSameTokens(KvShipment shipment)
    {
        for (var steps = 0; steps < 60; steps += 3)
        {
            await using var cluster = Cluster(Lossless(4));
            cluster.StartWorker("worker/2");
            var session = Start(cluster, options => options with { Shipment = shipment, ChunkTokensMax = 4 });
            cluster.RunUntil(() => session.TokenCount == ExitAt);
            cluster.RunSteps(steps);
            var isShipped = session.Events.OfType<SessionMoved>().Any();
            cluster.StopWorker(session.Worker);
            cluster.RunUntilEnded(session);

            AssertUndisturbed(session);
            Assert.Equal(shipment, Assert.Single(session.Events.OfType<SessionMoved>()).Exit!.Shipment);
            Assert.True(isShipped || session.LossCount <= 1);
        }
    }

    [Fact]
    public async Task Session_WhoseWorkerStopsAfterTheHandoff_ReplaysKeysAndValues()
    {
        await using var cluster = Cluster(Lossless(4));
        cluster.StartWorker("worker/2");
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact, ChunkTokensMax = 8 });
        cluster.RunUntil(() => session.TokenCount == 25);
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        var shipped = cluster.Network.Bodies<DecodeStep>().Where(step => step.ContentCase == DecodeStep.ContentOneofCase.KeysAndValues).ToList();
        Assert.Equal(2, shipped.Select(step => step.Epoch).Distinct().Count());
        Assert.All(shipped.GroupBy(step => step.Position), repeats => Assert.Single(repeats.Select(step => step.KeysAndValues).Distinct()));
    }

    [Fact]
    public async Task Session_WhoseWorkerStoresKeysAndValuesOtherwise_LetsItRebuildThem()
    {
        await using var cluster = new SimulatedCluster(Lossless(4));
        cluster.StartWorker("worker/1", options => options with { KvLayout = Quill.Back(4).KvLayout(KvFormat.Float32) });
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        var moved = Assert.Single(session.Events.OfType<SessionMoved>());
        Assert.Contains("not in the worker's format: Float32", moved.Why, StringComparison.Ordinal);
        Assert.Equal(KvShipment.None, moved.Exit!.Shipment);
    }

    [Fact]
    public async Task Sessions_ThatHandOverOnALossyNetwork_GiveTheSameTokens()
    {
        for (var seed = 1ul; seed <= FaultyNetworkTests.WorldCount; seed++)
        {
            var random = new SplitMix64(seed);
            var faults = new NetworkFaults { DropRate = 0.1, DuplicateRate = 0.2, DelayRate = 0.5, DelayMax = TimeSpan.FromMilliseconds(1 + random.Next(400)), WatchLossRate = 0.5 };
            var splitLayer = random.Next(8);
            await using var cluster = new SimulatedCluster(Lossless(splitLayer), (inner, clock) => new FaultyTransport(inner, clock, seed, faults), seed);
            cluster.StartWorker("worker/1");
            cluster.StartWorker("worker/2");
            var shipment = random.Next(2) == 0 ? KvShipment.Exact : KvShipment.None;
            var chunk = 1 + random.Next(8);
            var exitAt = 1 + random.Next(20);
            var session = Start(cluster, options => options with { Shipment = shipment, ChunkTokensMax = chunk, TokenCountMax = exitAt }, Undisturbed.Random);
            cluster.RunUntil(() => session.TokenCount >= 21 || session.Ended is not null);
            cluster.RestartWorker(random.Next(2) == 0 ? "worker/1" : "worker/2");
            cluster.RunUntilEnded(session);

            Assert.True(session.Ended == new SessionEnded(EndReason.TokenLimit, null), $"Seed {seed}: {session.Ended}");
            Assert.True(session.Tokens.SequenceEqual(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), Undisturbed.Random, TokenCount)), $"Seed {seed}: other tokens.");
            Assert.True(session.Events.OfType<SessionMoved>().Any(), $"Seed {seed}: no exit.");
        }
    }

    /// <summary>
    /// At 100 kbit/s keys and values of a token take 41 ms per layer as they are and 10 ms in 4 bits, and its hidden state 83 ms; computing it takes 250 ms, of which
    /// seven of eight layers 219 ms. With W̄ of 12 the device has room for 3 layers of the longest session, so that the plan's 4 stay. Else it hands over before the
    /// last layer: after 32 tokens 45 positions in 4 bits arrive at 8 + 0.22 + 0.46 + 0.08 s, after 33 at 9.02 s. At the plan's split it would be after 28 tokens.
    /// </summary>
    [Theory]
    [InlineData(60.0, ExitAt, ExitAt, 4, KvShipment.Exact)]
    [InlineData(9.0, TokenCount, 32, 7, KvShipment.Compressed)]
    [InlineData(0.5, TokenCount, 1, 7, KvShipment.Compressed)]
    [InlineData(0.1, TokenCount, 1, 7, KvShipment.Compressed)]
    public async Task Session_WithADeadline_ExitsWhereItsStateStillArrivesInTimeAndDeepest(
        double deadlineSeconds, int tokenCountMax, int exitAt, int splitLayer, KvShipment shipment)
    {
        await using var cluster = Cluster(Lossless(4));
        cluster.SlowDown(TimeSpan.FromMilliseconds(125));
        var link = LinkProfile.Of(bitsPerSecondUp: 100e3, bitsPerSecondDown: 100e3, TimeSpan.Zero);
        var session = Start(
            cluster,
            options => options with { TokenCountMax = tokenCountMax, Deadline = TimeSpan.FromSeconds(deadlineSeconds) },
            change: options => options with { Link = link });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        var exit = Assert.Single(session.Events.OfType<SessionMoved>()).Exit!;
        Assert.Equal((exitAt, splitLayer, shipment), (exit.TokenCount, exit.SplitLayer, exit.Shipment));
        if (shipment == KvShipment.Exact)
            AssertUndisturbed(session);
    }

    /// <summary>
    /// At 20 kbit/s keys and values take four fifths of a second per layer after the prompt, but a hidden state in 4 bits takes a tenth of its float32: the plan's
    /// codec decides what travels without keys and values, which once were priced as float32.
    /// </summary>
    [Fact]
    public async Task Session_WhoseHiddenStatesAreCompressed_ShipsThemWhereRawOnesWouldBeLate()
    {
        var plan = new FixedPlan(ExecutionMode.Handoff, 4, new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()));
        await using var cluster = Cluster(plan);
        cluster.SlowDown(TimeSpan.FromMilliseconds(125));
        var session = Start(
            cluster,
            options => options with { TokenCountMax = 1, Deadline = TimeSpan.FromSeconds(1.4) },
            change: options => options with { Link = LinkProfile.Of(bitsPerSecondUp: 20e3, bitsPerSecondDown: 20e3, TimeSpan.Zero) });
        cluster.RunUntilEnded(session);

        var moved = Assert.Single(session.Events.OfType<SessionMoved>());
        Assert.Equal((1, 4, KvShipment.None), (moved.Exit!.TokenCount, moved.Exit.SplitLayer, moved.Exit.Shipment));
        Assert.Equal("the device has generated W̄ = 1 tokens", moved.Why);
    }

    /// <summary>A worker that is lost after an exit at another split than the plan's: the next one gets the same frames, not new ones of the plan's split.</summary>
    [Fact]
    public async Task Session_WhoseWorkerStopsAfterADeeperExit_ReplaysItsFramesAtThatSplit()
    {
        await using var cluster = Cluster(Lossless(4));
        cluster.StartWorker("worker/2");
        cluster.SlowDown(TimeSpan.FromMilliseconds(125));
        var link = LinkProfile.Of(bitsPerSecondUp: 1e6, bitsPerSecondDown: 1e6, TimeSpan.Zero);
        var session = Start(
            cluster,
            options => options with { TokenCountMax = TokenCount, Deadline = TimeSpan.FromSeconds(4), Shipment = KvShipment.Exact, ChunkTokensMax = 8 },
            change: options => options with { Link = link });
        cluster.RunUntil(() => session.TokenCount == 25);
        Assert.Equal(7, Assert.Single(session.Events.OfType<SessionMoved>()).Exit!.SplitLayer);
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        var opened = cluster.Network.Bodies<OpenSession>().ToList();
        Assert.Equal(2, opened.Select(open => open.Epoch).Distinct().Count());
        Assert.All(opened, open => Assert.Equal(7u, open.SplitLayer));
        Assert.Single(session.Events.OfType<SessionMoved>());
    }

    [Fact]
    public async Task KeysAndValues_DamagedOnTheirWay_AreSentAgain()
    {
        await using var cluster = Cluster(Lossless(4));
        var damagedCount = 0;
        cluster.Network.Replace = message => message.Body is DecodeStep { ContentCase: DecodeStep.ContentOneofCase.KeysAndValues } step && damagedCount++ == 1
            ? new DecodeStep(step) { KeysAndValues = Flipped(step.KeysAndValues) }
            : message.Body;
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact, ChunkTokensMax = 8 });
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected.Reason == RejectReason.BadFrame);
        Assert.Equal(KvShipment.Exact, Assert.Single(session.Events.OfType<SessionMoved>()).Exit!.Shipment);
    }

    public static TheoryData<string, string> BadSteps => new()
    {
        { "samples", "without a wish for a token" }, { "size", "may have" }, { "layers", "the step needs those of layers 5–8" }, { "position", "positions from 0" },
        { "hidden state", "UnsupportedContent" },
    };

    [Theory]
    [MemberData(nameof(BadSteps))]
    public async Task KeysAndValues_ThatAreNotTheSteps_AreRefused(string fault, string expected)
    {
        await using var cluster = Cluster(Lossless(4));
        var others = Quill.Front(4);
        using var cache = others.CreateCache(16);
        others.Forward([new(cache, 0, 8)], new float[8 * Quill.Config.HiddenSize], new(Quill.Config, 8, ComputeThreads.Single));
        var ofOthers = ByteString.CopyFrom(new KvFrameEncoder(KvFrameOptions.Lossless).Encode(cache, new KvRange(others.Layers, 0, 8)).Bytes.Span);
        var hidden = ByteString.CopyFrom(new HiddenStateEncoder(CompressionOptions.Lossless).Encode(new float[8], 1, 8).Bytes.Span);
        ByteString? first = null;
        cluster.Network.Replace = message =>
        {
            if (message.Body is not DecodeStep { ContentCase: DecodeStep.ContentOneofCase.KeysAndValues } step)
                return message.Body;
            first ??= step.KeysAndValues;
            return fault switch
            {
                "samples" => new DecodeStep(step) { Samples = true },
                "size" => new DecodeStep(step) { KeysAndValues = ByteString.CopyFrom(new byte[1 << 20]) },
                "layers" => new DecodeStep(step) { KeysAndValues = ofOthers },
                "position" => new DecodeStep(step) { KeysAndValues = first },
                _ => new DecodeStep(step) { KeysAndValues = hidden },
            };
        };
        var session = Start(cluster, options => options with { Shipment = KvShipment.Exact, ChunkTokensMax = 8 });
        cluster.RunUntil(() => cluster.Network.Bodies<Rejected>().Any());
        Assert.Contains(expected, cluster.Network.Bodies<Rejected>().First().Detail, StringComparison.Ordinal);
        cluster.Network.Replace = static message => message.Body;
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Empty(cluster.Events.OfType<NodeRestarted>());
    }

    private static ByteString Flipped(ByteString bytes)
    {
        var flipped = bytes.ToByteArray();
        flipped[^9] ^= 1;
        return ByteString.CopyFrom(flipped);
    }

    private static FixedPlan Lossless(int splitLayer) => new(ExecutionMode.Handoff, splitLayer, CompressionOptions.Lossless);

    private static SimulatedCluster Cluster(FixedPlan plan)
    {
        var cluster = new SimulatedCluster(plan);
        cluster.StartWorker("worker/1");
        return cluster;
    }

    private static SimulatedSession Start(
        SimulatedCluster cluster, Func<HandoffOptions, HandoffOptions> handoff, SamplingOptions? sampling = null, Func<EdgeOptions, EdgeOptions>? change = null) =>
        cluster.StartSession(Quill.Prompt(3), sampling, options => (change?.Invoke(options) ?? options) with
        {
            GeneratedCountMax = TokenCount,
            EndTokens = [],
            AnswerTimeout = TimeSpan.FromSeconds(1),
            AttemptsMax = 8,
            SchedulerAttemptsMax = 8,
            Handoff = handoff(new HandoffOptions { TokenCountMax = ExitAt, Config = Quill.Config, KvFormat = KvFormat.Float16 }),
        });

    private static void AssertUndisturbed(SimulatedSession session, SamplingOptions? sampling = null)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), sampling ?? SamplingOptions.Greedy, TokenCount), session.Tokens);
    }
}
