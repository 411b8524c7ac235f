using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Sessions whose codec needs the same calibration, and the same tokens, at both ends.</summary>
public sealed class CalibrationTests
{
    private const ulong OtherId = 0xABAB_ABAB_ABAB_ABAB;

    [Fact]
    public async Task Worker_WithAnotherCalibration_StopsNamingBoth()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Predicted);
        cluster.StartWorker("worker/1", options => options with { CalibrationId = OtherId });
        cluster.Driver.RunFor(TimeSpan.FromSeconds(3));

        AssertNamesBoth(Assert.Single(cluster.StopReasons), "abababababababab");
    }

    [Fact]
    public async Task Worker_WithAnotherCalibration_ServesPlansThatNeedNone()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { CalibrationId = OtherId });
        var session = cluster.StartSession(Quill.Prompt(3), change: options => options with { GeneratedCountMax = 4, CalibrationId = 0 });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
    }

    [Fact]
    public async Task Device_WithoutCalibration_FailsNamingBoth()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Predicted);
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { CalibrationId = 0 });
        cluster.RunUntilEnded(session);

        AssertNamesBoth(session.Ended!.Detail!, "(none)");
    }

    [Fact]
    public void Plan_ForAnotherCalibration_FailsTheSessionNamingBoth()
    {
        var edge = new EdgeStepper(options => options with { CalibrationId = 5 });
        edge.Step(new StartSession([1, 2]));
        edge.Receive(new Welcome());
        edge.Receive(new Plan(EdgeStepper.SplitPlan()) { Compression = new Compression { Codec = Codec.RateDistortion, CalibrationId = OtherId } });

        Assert.Contains("abababababababab", edge.Ended!.Detail, StringComparison.Ordinal);
        Assert.Contains("0000000000000005", edge.Ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenSession_ForAnotherCalibration_IsRefusedNamingBoth()
    {
        var worker = new WorkerStepper(options => options with { CalibrationId = 5 });
        worker.Receive(new OpenSession(WorkerStepper.OpenSession()) { CalibrationId = OtherId });

        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal(RejectReason.Calibration, rejected.Reason);
        Assert.Contains("abababababababab", rejected.Detail, StringComparison.Ordinal);
        Assert.Contains("0000000000000005", rejected.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 2)]   // not all of the prompt
    [InlineData(41, 0)]  // longer than the session
    public void OpenSession_WithABadPrompt_IsRefused(int promptCount, int idCount)
    {
        var worker = new WorkerStepper();
        worker.Receive(new OpenSession(WorkerStepper.OpenSession()) { PromptCount = (uint)promptCount, Prompt = { Enumerable.Repeat(1u, idCount) } });

        Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public void OpenSession_WithIdsBeyondTheVocabulary_IsRefused()
    {
        var worker = new WorkerStepper();
        worker.Receive(new OpenSession(WorkerStepper.OpenSession()) { PromptCount = 1, Prompt = { 100u } });

        Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public async Task Session_ThatDoesNotShareItsPrompt_SendsNoIdOfIt()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Predicted);
        var session = Run(cluster, Undisturbed.Predicted);

        Assert.All(cluster.Network.Bodies<OpenSession>(), open => Assert.Empty(open.Prompt));
        Assert.All(cluster.Network.Bodies<DecodeStep>(), step => Assert.Null(step.Tokens));
        Assert.NotEmpty(session.Tokens);
    }

    [Fact]
    public async Task Session_ThatSharesItsPrompt_SendsFewerBytesForIt()
    {
        await using var withheld = new SimulatedCluster(Undisturbed.Predicted);
        await using var shared = new SimulatedCluster(Undisturbed.PredictedPrompt);
        Run(withheld, Undisturbed.Predicted);
        Run(shared, Undisturbed.PredictedPrompt);

        Assert.Equal(Undisturbed.LongPrompt.Select(token => (uint)token), Assert.Single(shared.Network.Bodies<OpenSession>()).Prompt);
        Assert.InRange(PromptBytes(shared), 1, 0.9 * PromptBytes(withheld));
    }

    [Fact]
    public async Task Step_PredictedFromTokensThatTheWorkerWasNotTold_EndsTheSession()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.PredictedPrompt);
        cluster.StartWorker("worker/1");
        cluster.Network.Replace = message =>
        {
            if (message.Body is not OpenSession open)
                return message.Body;
            var silent = open.Clone();
            silent.Prompt.Clear();
            return silent;
        };
        var session = cluster.StartSession(Quill.Prompt(3));
        cluster.RunUntilEnded(session);

        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        Assert.Contains("tokens that the worker does not know", session.Ended.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 3, "1,2,3")]
    [InlineData(2, 2, "3,7")]
    [InlineData(3, 2, "7,8")]
    [InlineData(4, 2, "")]   // the second is not sampled yet
    [InlineData(5, 1, "")]
    public void TokensAt_PromptAndGenerated_GivesThemOrNothing(int position, int count, string expected)
    {
        var session = new Backend.WorkerSession("edge/1", 1, SamplingOptions.Greedy, 40, AcceptedCount: 0, TimeSpan.Zero) { Layers = new(4, 8), PromptCount = 3, Prompt = [1, 2, 3], Generated = [7, 8] };
        Assert.Equal(expected, string.Join(',', session.TokensAt(position, count)));
    }

    [Fact]
    public void TokensAt_PromptThatIsNotShared_GivesNothing()
    {
        var session = new Backend.WorkerSession("edge/1", 1, SamplingOptions.Greedy, 40, AcceptedCount: 0, TimeSpan.Zero) { Layers = new(4, 8), PromptCount = 3, Generated = [7, 8] };
        Assert.Empty(session.TokensAt(2, 2));
        Assert.Equal("7,8", string.Join(',', session.TokensAt(3, 2)));
    }

    [Fact]
    public void Compression_AsMessageAndBack_IsTheSame()
    {
        CompressionOptions[] all =
        [
            CompressionOptions.Default, CompressionOptions.Lossless, Undisturbed.PredictedPrompt.Compression,
            new(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(0.25f, RateDistortionTransform.KarhunenLoeve), CalibrationId = 7 },
        ];
        foreach (var options in all)
            Assert.Equal(options.ToMessage(), options.ToMessage().ToOptions().ToMessage());
    }

    [Theory]
    [InlineData((Codec)9, Transform.NoTransform, 0.3f)]
    [InlineData(Codec.RateDistortion, (Transform)9, 0.3f)]
    [InlineData(Codec.RateDistortion, Transform.NoTransform, float.NaN)]
    public void Compression_OfAnotherVersion_IsAUserError(Codec codec, Transform transform, float step) =>
        Assert.Throws<Inference.UserErrorException>(() => new Compression { Codec = codec, Transform = transform, RelativeStep = step }.ToOptions());

    private static SimulatedSession Run(SimulatedCluster cluster, Scheduling.FixedPlan plan)
    {
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Undisturbed.LongPrompt, change: options => options with { GeneratedCountMax = 8, EndTokens = [] });
        cluster.RunUntilEnded(session);
        Assert.Equal(Undisturbed.Tokens(plan, Undisturbed.LongPrompt, SamplingOptions.Greedy, 8), session.Tokens);
        return session;
    }

    private static double PromptBytes(SimulatedCluster cluster) =>
        cluster.Network.Bodies<DecodeStep>().Where(step => step.Position < Undisturbed.LongPrompt.Count).Sum(step => (double)step.Frame.Length);

    private static void AssertNamesBoth(string detail, string other)
    {
        Assert.Contains(other, detail, StringComparison.Ordinal);
        Assert.Contains($"{Quill.Calibration.Id:x16}", detail, StringComparison.Ordinal);
    }
}
