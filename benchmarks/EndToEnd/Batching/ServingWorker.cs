using Akka.Actor;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd.Batching;

/// <summary>A real worker on the thread pool, with devices in its process that only send what is stored.</summary>
internal sealed class ServingWorker : IAsyncDisposable
{
    public const string Address = "worker/1";

    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private readonly ActorSystem _system = ActorSystem.Create("benchmark", ActorSettings.Local);
    private readonly ComputeLanes _lanes = new();
    private readonly ServedModel _model;
    private ulong _sessionCount;

    public ServingWorker(ServedModel model, ComputeThreads threads, Func<WorkerOptions, WorkerOptions>? change = null)
    {
        _model = model;
        var config = model.Back.Config;
        var options = new WorkerOptions
        {
            Address = Address,
            Scheduler = SchedulerStub.Address, // none, unless it is watched
            ModelDigest = Digest,
            Layers = model.Back.Layers,
            ContextLength = config.ContextLength,
            VocabularySize = config.VocabularySize,
            KvLayout = model.Back.KvLayout(KvFormat.Float16),
        };
        Options = change?.Invoke(options) ?? options;
        Pools = new KvPagePools(Options.KvLayout, Options.KvBytesMax);
        var engine = new BackEngine(model.Back, Options.BatchRowsMax, Pools, threads, TimeProvider.System);
        _system.ActorOf(ActorProps.Of(() => new BackendWorkerActor(Options, Transport, () => engine, _lanes)), "worker");
    }

    public LocalPeers Transport { get; } = new();

    public WorkerOptions Options { get; }

    public KvPagePools Pools { get; }

    /// <summary>A session but for its id.</summary>
    public OpenSession Template => new()
    {
        Epoch = 1,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Digest,
        SplitLayer = (uint)_model.Back.Layers.First,
        TokenCountMax = (uint)(_model.PromptCount + _model.TokenCount),
        PromptCount = (uint)_model.PromptCount,
        Sampling = new Sampling { TopP = 1, RepetitionPenalty = 1 },
    };

    /// <summary>From now on statuses are kept.</summary>
    public SchedulerStub Watch()
    {
        var scheduler = new SchedulerStub(Transport, Pools);
        _system.ActorOf(ActorProps.Of(() => new ShellActor(scheduler, _lanes)), "scheduler");
        return scheduler;
    }

    /// <summary>Starts a device; its session is done when its task is.</summary>
    public DeviceLoop StartDevice(int attemptsMax = 1)
    {
        var id = Interlocked.Increment(ref _sessionCount);
        var open = new OpenSession(Template) { SessionId = id };
        var loop = new DeviceLoop(_model, open, Transport, attemptsMax);
        _system.ActorOf(ActorProps.Of(() => new ShellActor(loop, _lanes)), $"device-{id}");
        return loop;
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        await _lanes.DrainAsync();
    }

    private sealed class ShellActor(IStepShell shell, ComputeLanes lanes) : StepActor(() => shell, lanes);
}
