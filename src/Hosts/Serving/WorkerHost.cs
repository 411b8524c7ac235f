using Akka.Actor;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Serving;

/// <summary>The last layers of a model, loaded once for all workers of the process.</summary>
internal sealed class WorkerHost
{
    private readonly NodeRuntime _runtime;
    private readonly ServedModel _model;
    private readonly KvFormat _kvFormat;
    private readonly WeightFormat _weights;
    private readonly Segment _segment;

    /// <param name="runtime">Of the process.</param>
    /// <param name="model">To serve.</param>
    /// <param name="firstLayer">The smallest split that is served.</param>
    /// <param name="weights">Quantizes when loading; null: as in the checkpoint.</param>
    /// <param name="kvFormat">Of the sessions' keys and values.</param>
    /// <param name="progress">Told of each layer.</param>
    /// <exception cref="UserErrorException">A tensor of these layers is missing or damaged.</exception>
    public WorkerHost(NodeRuntime runtime, ServedModel model, int firstLayer, WeightFormat? weights, KvFormat kvFormat, IProgress<LoadProgress>? progress = null)
    {
        (_runtime, _model, _kvFormat) = (runtime, model, kvFormat);
        _weights = weights ?? model.Checkpoint.Quantization?.Back ?? WeightFormat.Unquantized;
        _segment = Segment.Load(model.Checkpoint, LayerRange.Back(firstLayer, model.Config.LayerCount), weights, progress, runtime.Threads);
    }

    public LayerRange Layers => _segment.Layers;

    /// <summary>Bytes of the weights.</summary>
    public long ByteCount => _segment.ByteCount;

    /// <summary>What a worker of these layers is; its limits are the default ones.</summary>
    /// <param name="address">Its own.</param>
    /// <param name="scheduler">Whom it says hello to.</param>
    /// <param name="costs">What its machine takes; null: not measured.</param>
    public WorkerOptions Describe(string address, string scheduler, MachineProfile? costs) => new()
    {
        Address = address,
        Scheduler = scheduler,
        ModelDigest = _model.Digest,
        CalibrationId = _model.CalibrationId,
        Layers = Layers,
        NumericsId = Numerics.IdOf(_weights, _kvFormat),
        ContextLength = _model.Config.ContextLength,
        VocabularySize = _model.Config.VocabularySize,
        KvLayout = _segment.KvLayout(_kvFormat),
        Costs = costs,
    };

    /// <summary>The actor that runs it, given its way to its peers.</summary>
    public Props Actor(WorkerOptions options, IPeers peers) =>
        ActorProps.Of(() => new BackendWorkerActor(options, peers, () => NewEngine(options), _runtime.Lanes, _runtime.Warn));

    /// <summary>Starts it in the actor system of this process.</summary>
    public IActorRef Start(WorkerOptions options, IPeers peers) => new LocalNames(_runtime.System, peers).Start(options.Address, own => Actor(options, own));

    private BackEngine NewEngine(WorkerOptions options) => new(
        _segment,
        options.BatchRowsMax,
        new KvPagePools(options.KvLayout, options.KvBytesMax),
        _runtime.Threads,
        _runtime.Clock,
        splitLayer => _model.Calibrated(splitLayer, options.CalibrationId));
}
