using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Drives <see cref="EdgeSession.Step"/> without actors or model: keeps state, time, timer and the front's open work, and checks after each
/// step what must always hold.
/// </summary>
internal sealed class EdgeStepper
{
    public const string Scheduler = "scheduler";
    public const string Worker = "worker/1";
    public const int VocabularySize = 100;

    public EdgeStepper(Func<EdgeOptions, EdgeOptions>? change = null)
    {
        var options = new EdgeOptions
        {
            Address = "edge/1",
            Scheduler = Scheduler,
            ModelDigest = ByteString.CopyFrom(1, 2, 3),
            LayerCount = 8,
            ContextLength = 512,
            VocabularySize = VocabularySize,
            EndTokens = [99],
            ChunkTokensMax = 4,
            InflightFramesMax = 3,
            ReminderMin = TimeSpan.FromSeconds(5), // none: they have tests of their own
        };
        State = new EdgeState(new SessionId(1), change?.Invoke(options) ?? options);
    }

    public EdgeState State { get; private set; }

    public TimeSpan Now { get; set; }

    /// <summary>Effects of the last step.</summary>
    public ImmutableArray<EdgeEffect> Effects { get; private set; } = [];

    /// <summary>The running timer's delay.</summary>
    public TimeSpan? Timer { get; private set; }

    /// <summary>The delay of the last question whether the scheduler answers.</summary>
    public TimeSpan? Probe { get; private set; }

    public EdgeEffect.ComputeFront? Work { get; private set; }

    public bool IsPreparing { get; private set; }

    public IEnumerable<T> Sent<T>()
        where T : IMessage => Effects.OfType<EdgeEffect.Send>().Select(send => send.Body).OfType<T>();

    /// <summary>Up to where the worker was asked what has arrived, and of which steps something was sent.</summary>
    public (IEnumerable<uint> Asked, IEnumerable<uint> Steps) SentSteps => (
        Sent<DecodeStep>().Where(step => step.TokenCount == 0).Select(step => step.Position),
        Sent<DecodeStep>().Where(step => step.TokenCount > 0).Select(step => step.Position));

    public SessionEnded? Ended => Effects.OfType<EdgeEffect.Publish>().Select(publish => publish.Event).OfType<SessionEnded>().SingleOrDefault();

    public void Step(object message)
    {
        var before = State;
        if (message is AnswerOverdue)
            Timer = null;
        if (message is FrontComputed)
            Work = null;
        if (message is FrontReady or FrontUnavailable)
            IsPreparing = false;
        var (state, effects) = EdgeSession.Step(before, message, Now);
        var again = EdgeSession.Step(before, message, Now);
        Assert.Equal(effects.Select(EffectText.Of), again.Effects.Select(EffectText.Of), StringComparer.Ordinal);

        State = state;
        Effects = effects;
        foreach (var effect in effects)
            Apply(effect);
        CheckInvariants(before);
    }

    public void Receive(IMessage body, string? from = null) =>
        Step(new Received(from ?? (body is Welcome or Plan ? Scheduler : Worker), body));

    /// <summary>The front does what it was asked for: frames say where they belong.</summary>
    public void Compute() => Step(Computed(Work!));

    /// <param name="work">What the front was asked for.</param>
    /// <param name="token">What it draws if it has all layers.</param>
    public FrontComputed Computed(EdgeEffect.ComputeFront work, int token = 7)
    {
        if (State.Plan!.Mode == ExecutionMode.Device)
            return new FrontComputed(work.Position, work.Tokens.Length, Frame: null, Statistics: null, work.Generated is null ? null : token, 10, 5);
        var frame = ByteString.CopyFromUtf8($"{work.Position}+{work.Tokens.Length}");
        return new FrontComputed(work.Position, work.Tokens.Length, frame, new FrameStatistics { FrameBytes = frame.Length }, Token: null, 10, 5);
    }

    /// <summary>As if nothing ever went wrong, up to the first frames on their way.</summary>
    public void RunToFirstFrames(int promptCount = 10, Plan? plan = null)
    {
        Step(new StartSession([.. Enumerable.Range(1, promptCount)]));
        Receive(new Welcome());
        Receive(plan ?? SplitPlan());
        Step(new FrontReady());
        Receive(new SessionOpened { SessionId = 1, Epoch = 1 });
        while (Work is not null)
            Compute();
    }

    public static Plan SplitPlan(string worker = Worker) => new()
    {
        SessionId = 1,
        Mode = ExecutionMode.Split,
        SplitLayer = 4,
        Worker = worker,
        Compression = new Compression { Codec = Codec.Tabq },
    };

    /// <summary>With two more workers that could take the session.</summary>
    /// <param name="spare">Sessions for which they have room.</param>
    public static Plan WithAlternatives(Plan plan, uint spare = 4) => new(plan)
    {
        HedgePauseMs = 5000,
        Alternatives = { new Alternative { Worker = "worker/2", SpareSessionCount = spare }, new Alternative { Worker = "worker/3", SpareSessionCount = spare } },
    };

    private static bool IsAnswerDue(EdgeState state) =>
        state.Phase is EdgePhase.Joining or EdgePhase.Planning or EdgePhase.Opening
        || (state.Phase == EdgePhase.Running && (state.AckedCount < state.SentCount || state.IsWaiting));

    private void Apply(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.StartTimer timer: Timer = timer.Delay; break;
            case EdgeEffect.CancelTimer: Timer = null; break;
            case EdgeEffect.StartProbe probe: Probe = probe.Delay; break;
            case EdgeEffect.SwitchFront: Assert.Null(Work); break; // never under a running computation
            case EdgeEffect.PrepareFront:
                Assert.False(IsPreparing); // one front is loaded at a time
                IsPreparing = true;
                break;
            case EdgeEffect.ComputeFront work:
                Assert.Null(Work); // never two at once
                Work = work;
                break;
        }
    }

    private void CheckInvariants(EdgeState before)
    {
        var state = State;
        Assert.InRange(state.SentCount, state.AckedCount, state.Frames.Count);
        Assert.InRange(state.SentCount - state.AckedCount, 0, state.Options.InflightFramesMax);
        Assert.InRange(state.AckedCount, 0, state.SentCount);
        Assert.InRange(state.FailoverCount, 0, state.Options.FailoversMax);
        Assert.Equal(IsAnswerDue(state), Timer is not null);
        Assert.InRange(state.EpochMax, before.EpochMax, before.EpochMax + 1);
        Assert.InRange(state.Epoch, state.Hedged?.Epoch + 1 ?? 0, state.EpochMax);
        if (state.Epoch == before.Epoch && Equals(state.Plan, before.Plan) && before.Phase == EdgePhase.Running && state.Phase == EdgePhase.Running)
        {
            Assert.InRange(state.AckedCount, before.AckedCount, state.SentCount);
            Assert.InRange(state.SentCount, before.SentCount, state.Frames.Count);
        }

        var end = 0;
        foreach (var frame in state.Frames)
        {
            Assert.Equal(end, frame.Position);
            end = frame.End;
        }

        if (state.Plan?.Mode != ExecutionMode.Device)
            Assert.Equal(end, state.ComputedCount);
        Assert.InRange(state.ComputedCount, 0, state.Tokens.Count);
        Assert.DoesNotContain(state.Tokens, token => token is < 0 or >= VocabularySize);
        Assert.All(Sent<DecodeStep>(), step => CheckStep(step));
        if (before.Phase == EdgePhase.Ended)
            Assert.Empty(Effects);
    }

    private void CheckStep(DecodeStep step)
    {
        if (step.TokenCount == 0 && State.Hedged is { } hedged && step.Epoch == hedged.Epoch)
            return;
        Assert.Equal(State.Epoch, step.Epoch);
        if (step.TokenCount == 0)
        {
            Assert.Equal(State.Frames[State.SentCount - 1].End, (int)step.Position); // asks for all that was sent
            return;
        }

        if (step.ContentCase == DecodeStep.ContentOneofCase.Frame)
            Assert.Equal($"{step.Position}+{step.TokenCount}", step.Frame.ToStringUtf8().TrimEnd());
        else
            Assert.Equal(step.TokenCount, (uint)step.Tokens.Ids.Count);
        Assert.Equal(step.Position + step.TokenCount == State.Tokens.Count, step.Samples);
    }
}
