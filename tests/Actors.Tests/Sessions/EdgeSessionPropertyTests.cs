using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Sessions that get drawn messages, from likely to absurd; <see cref="EdgeStepper"/> checks the invariants. A failure names its seed.</summary>
public sealed class EdgeSessionPropertyTests
{
    private const int SessionCount = 200;
    private const int StepCount = 150;

    [Fact]
    public void Session_WithLikelyMessages_KeepsItsInvariants()
    {
        var endedCount = 0;
        var tokenCount = 0;
        for (var seed = 1ul; seed <= SessionCount; seed++)
        {
            var session = Run(seed, new LikelyMessages(seed).Next);
            endedCount += session.State.Phase == EdgePhase.Ended ? 1 : 0;
            tokenCount += session.State.GeneratedCount;
        }

        Assert.InRange(endedCount, 20, SessionCount - 1);
        Assert.InRange(tokenCount, SessionCount, int.MaxValue); // the messages lead somewhere
    }

    [Fact]
    public void Session_WithArbitraryMessages_KeepsItsInvariants()
    {
        for (var seed = 1ul; seed <= SessionCount; seed++)
        {
            var likely = new LikelyMessages(seed);
            var arbitrary = new ArbitraryMessages(new SplitMix64(seed));
            Run(seed, session => likely.Random.Next(3) > 0
                ? likely.Next(session)
                : new Received(likely.Random.Next(2) == 0 ? EdgeStepper.Worker : EdgeStepper.Scheduler, arbitrary.Next()));
        }
    }

    private static EdgeStepper Run(ulong seed, Func<EdgeStepper, object> next)
    {
        var session = new EdgeStepper(options => options with { GeneratedCountMax = 12, AttemptsMax = 3, SchedulerAttemptsMax = 3, FailoversMax = 3, FallsBack = seed % 2 == 0 });
        object message = new StartSession([.. Enumerable.Range(1, (int)(seed % 20) + 1)]);
        for (var step = 0; step < StepCount; step++)
        {
            try
            {
                session.Step(message);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}, step {step}, message {message}.", exception);
            }

            session.Now += TimeSpan.FromMilliseconds(seed % 50);
            message = next(session);
        }

        return session;
    }

    private sealed class LikelyMessages(ulong seed)
    {
        public SplitMix64 Random { get; } = new(seed);

        /// <summary>Half of the time what moves the session on, else something that can happen.</summary>
        public object Next(EdgeStepper session)
        {
            var state = session.State;
            if (Random.Next(2) == 0)
                return Expected(session);
            return Random.Next(20) switch
            {
                0 when session.Timer is not null => new AnswerOverdue(),
                1 => new PeerLost(EdgeStepper.Worker),
                2 => new Undelivered(EdgeStepper.Worker, "nobody has this address"),
                3 => FromWorker(new Nack { SessionId = 1, Epoch = Epoch(state), ExpectedPosition = Position(state) }),
                4 => FromWorker(Rejected(state)),
                5 => new Received(EdgeStepper.Scheduler, new Rejected { Reason = RejectReason.NoWorker, RetryAfterMs = 200 }),
                6 => FromWorker(new SessionOpened { SessionId = 1, Epoch = Epoch(state) }),
                7 when Random.Next(40) == 0 => new CancelSession(),
                8 => new Received(EdgeStepper.Scheduler, AnyPlan(state)),
                9 when session.IsPreparing => new FrontUnavailable("It is not there."),
                10 when session.IsPreparing => new FrontReady(),
                11 when session.Probe is not null => new ProbeDue(),
                12 => new Outgoing(Random.Next(4) == 0 ? EdgeStepper.Scheduler : EdgeStepper.Worker, Random.Next(3) * 1000),
                13 when state.Hedged is { } hedged => From(hedged.Worker, Result(state, hedged.SentEnd, hedged.Epoch)),
                14 when session.Timer is not null => new AnswerOverdue(),
                15 => new PeerLost(state.Worker),
                16 => From(state.Worker, Rejected(state)),
                17 when session.Timer is not null && state.IsReminderUnanswered => new AnswerOverdue(),
                _ => FromWorker(Result(state)),
            };
        }

        private object Expected(EdgeStepper session)
        {
            var state = session.State;
            if (session.Work is { } work && Random.Next(2) == 0)
                return session.Computed(work, Random.Next(98));
            return state.Phase switch
            {
                EdgePhase.Joining => new Received(EdgeStepper.Scheduler, new Welcome()),
                EdgePhase.Planning when state.IsWaiting => new AnswerOverdue(),
                EdgePhase.Planning => new Received(EdgeStepper.Scheduler, EdgeStepper.WithAlternatives(EdgeStepper.SplitPlan())),
                EdgePhase.Preparing when session.IsPreparing => new FrontReady(),
                EdgePhase.Opening => From(state.Worker, new SessionOpened { SessionId = 1, Epoch = state.Epoch }),
                EdgePhase.Running when session.IsPreparing && Random.Next(2) == 0 => new FrontReady(),
                EdgePhase.Running when state.HasUnacknowledged => From(state.Worker, Result(state, state.Frames[state.AckedCount].End, state.Epoch)),
                _ => new MessageOfNobody(),
            };
        }

        private Plan AnyPlan(EdgeState state)
        {
            var splitLayer = (uint)Random.Next(9);
            return new Plan(EdgeStepper.WithAlternatives(EdgeStepper.SplitPlan(Random.Next(3) == 0 ? "worker/2" : EdgeStepper.Worker), spare: (uint)Random.Next(2)))
            {
                SplitLayer = splitLayer,
                Mode = splitLayer switch { 0 => ExecutionMode.Cloud, 8 => ExecutionMode.Device, _ => ExecutionMode.Split },
                Revision = state.Revision + (uint)Random.Next(3),
            };
        }

        private static Received FromWorker(IMessage body) => From(EdgeStepper.Worker, body);

        private static Received From(string worker, IMessage body) => new(worker, body);

        private StepResult Result(EdgeState state) => Result(state, (int)Position(state), Epoch(state));

        private StepResult Result(EdgeState state, int nextPosition, uint epoch)
        {
            var result = new StepResult { SessionId = 1, Epoch = epoch, NextPosition = (uint)nextPosition, ComputeUs = 10 };
            if (nextPosition == state.Tokens.Count || Random.Next(8) == 0)
                result.Token = (uint)Random.Next(98);
            return result;
        }

        private Rejected Rejected(EdgeState state)
        {
            var rejected = new Rejected
            {
                SessionId = 1,
                Epoch = Epoch(state),
                Reason = Random.Next(3) switch { 0 => RejectReason.UnknownSession, 1 => RejectReason.BadFrame, _ => RejectReason.QueueFull },
            };
            if (Random.Next(4) != 0)
                rejected.RetryAfterMs = 200;
            return rejected;
        }

        private uint Epoch(EdgeState state) => Random.Next(5) == 0 ? state.Epoch + (uint)Random.Next(3) - 1 : state.Epoch;

        private uint Position(EdgeState state) =>
            state.Frames.IsEmpty || Random.Next(10) == 0 ? (uint)Random.Next(40) : (uint)state.Frames[Random.Next(state.Frames.Count)].End;
    }

    private sealed record MessageOfNobody;
}
