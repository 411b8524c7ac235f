using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Tests.Scenarios;

/// <summary>
/// Real actors on the embedded model in one actor system, whose time passes only when a scenario says so. Any of them may be left out and played by a
/// probe, which has its name among the peers.
/// </summary>
public abstract class ScenarioKit : TestKit
{
    protected const string SchedulerName = "scheduler";
    protected const string Worker = "worker/w1";
    protected const string OtherWorker = "worker/w2";
    protected const string Edge = "edge/pi/1";
    protected const uint TokenCountMax = 256;

    private readonly ComputeLanes _lanes = new();

    protected ScenarioKit()
        : base(ConfigurationFactory.ParseString("""akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """).WithFallback(ActorSettings.Local))
    {
    }

    private protected LocalPeers Peers { get; } = new();

    protected TestScheduler Time => (TestScheduler)Sys.Scheduler;

    private static ByteString Model => Quill.Digest;

    /// <summary>Plays a peer: what is sent to its name comes to the probe.</summary>
    protected TestProbe Play(string name)
    {
        var probe = CreateTestProbe();
        Peers.Register(name, message => probe.Tell(message));
        return probe;
    }

    protected IActorRef StartScheduler(FixedPlan plan, Action<SchedulerState>? observe = null)
    {
        var options = new SchedulerOptions
        {
            Address = SchedulerName,
            ModelDigest = Model,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            Plan = plan,
        };
        return Started(ActorProps.Of(() => new SchedulerActor([options], Peers, _lanes, observe: states => observe?.Invoke(states[0]))));
    }

    /// <summary>A worker of all layers behind a split.</summary>
    /// <param name="name">Its address.</param>
    /// <param name="splitLayer">Layers that it has not.</param>
    protected IActorRef StartWorker(string name = Worker, int splitLayer = 0)
    {
        var segment = Quill.Back(splitLayer);
        var options = new WorkerOptions
        {
            Address = name,
            Scheduler = SchedulerName,
            ModelDigest = Model,
            Layers = new LayerRange(splitLayer, Quill.Config.LayerCount),
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            KvLayout = segment.KvLayout(KvFormat.Float16),
        };
        return Started(ActorProps.Of(() => new BackendWorkerActor(options, Peers, () => Quill.BackEngine(segment, options), _lanes)));
    }

    /// <summary>A device that runs one session; what it publishes comes to the probe.</summary>
    /// <param name="promptIndex">Of the golden prompts.</param>
    /// <param name="loadFront">Null: the embedded model's.</param>
    protected (IActorRef Actor, TestProbe Events) StartEdge(int promptIndex = 0, Func<Plan, FrontEngine>? loadFront = null)
    {
        var options = new EdgeOptions
        {
            Address = Edge,
            Scheduler = SchedulerName,
            ModelDigest = Model,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            EndTokens = Quill.Config.EosTokenIds,
        };
        var events = CreateTestProbe();
        var actor = Started(ActorProps.Of(() => new EdgeSessionActor(new EdgeState(new SessionId(1), options), Peers, loadFront ?? (plan => Quill.FrontEngine(plan, options.ChunkTokensMax)), events.Tell, _lanes)));
        actor.Tell(new StartSession(Quill.Prompt(promptIndex)));
        return (actor, events);
    }

    /// <summary>It has its name among the peers once this returns.</summary>
    private IActorRef Started(Props props)
    {
        var actor = Sys.ActorOf(props);
        actor.Tell(new Identify(messageId: null), TestActor);
        ExpectMsg<ActorIdentity>(TimeSpan.FromSeconds(30));
        return actor;
    }

    /// <summary>The next message of a kind to a probe; others are passed over.</summary>
    protected static T Next<T>(TestProbe probe, Func<T, bool>? which = null)
        where T : class => (T)((Received)probe.FishForMessage(
            message => message is Received { Body: T body } && which?.Invoke(body) != false, TimeSpan.FromSeconds(30), hint: typeof(T).Name)).Body;

    /// <summary>The next event of a kind; others are passed over.</summary>
    protected static T NextEvent<T>(TestProbe events)
        where T : SessionEvent => (T)events.FishForMessage(message => message is T, TimeSpan.FromSeconds(30), hint: typeof(T).Name);

    /// <summary>The tokens up to the session's end.</summary>
    protected static (List<int> Tokens, SessionEnded End) Rest(TestProbe events)
    {
        var tokens = new List<int>();
        while (true)
        {
            switch (events.ReceiveOne(TimeSpan.FromSeconds(60)))
            {
                case TokenGenerated generated: tokens.Add(generated.Token); break;
                case SessionEnded end: return (tokens, end);
                case null: throw new TimeoutException($"The session does not end; it has {tokens.Count} tokens.");
            }
        }
    }

    protected static OpenSession OpenSession(uint epoch = 1) => new()
    {
        SessionId = 1,
        Epoch = epoch,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Model,
        TokenCountMax = TokenCountMax,
        PromptCount = (uint)Quill.Prompt(0).Count,
        Sampling = new Sampling { TopP = 1, RepetitionPenalty = 1 },
    };

    /// <summary>The golden prompt, whose next token is asked for.</summary>
    protected static DecodeStep PromptStep(uint epoch = 1) => new()
    {
        SessionId = 1,
        Epoch = epoch,
        TokenCount = (uint)Quill.Prompt(0).Count,
        Samples = true,
        Tokens = new TokenIds { Ids = { Quill.Prompt(0).Select(id => (uint)id) } },
    };

    protected static Hello WorkerHello() => new()
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Model,
        EndLayer = (uint)Quill.Config.LayerCount,
        SessionCountMax = 8,
        Profile = new WorkerProfile { BatchRowsMax = 16 },
    };

    protected static PlanRequest PlanRequest(string lostWorker = "") => new()
    {
        SessionId = 1,
        TokenCountMax = TokenCountMax,
        LostWorker = lostWorker,
        PromptCount = 8,
        ModelDigest = Model,
    };

    /// <summary>All that computes has ended, too: weights are shared with other tests.</summary>
    protected override void AfterAll()
    {
        Shutdown();
        _lanes.DrainAsync().Wait();
    }
}
