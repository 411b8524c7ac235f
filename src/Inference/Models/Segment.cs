using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>
/// A contiguous range of a model's layers, with the embedding if it starts at the first layer and with the final norm and head if
/// it ends at the last. It reads only its own tensors and is immutable: several threads may run it, each with its own
/// <see cref="Workspace"/> and caches. Running the front and then the back on the hidden state gives the bits of the whole model
/// at every split (see <see cref="Lanes"/>). The checkpoint must stay open as long as the segment is used.
/// </summary>
public sealed class Segment
{
    private readonly Linear? _embedding;   // [V, d]
    private readonly DecoderLayer[] _layers;
    private readonly float[]? _finalNorm;  // [d]
    private readonly LinearGroup? _head;   // [V, d]
    private WeightReading? _reading;

    private Segment(ModelConfig config, LayerRange layers, IWeightSource weights, IProgress<LoadProgress>? progress)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layers.First, nameof(layers));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers.End, config.LayerCount, nameof(layers));
        ArgumentOutOfRangeException.ThrowIfNegative(layers.Count, nameof(layers));
        (Config, Layers) = (config, layers);

        var endsModel = layers.End == config.LayerCount;
        var sharesHead = endsModel && config.TieWordEmbeddings;
        var embedding = layers.First == 0 || sharesHead ? weights.Matrix(ModelTensors.Embedding, config.VocabularySize, config.HiddenSize) : null;
        _embedding = layers.First == 0 ? embedding : null;
        _layers = new DecoderLayer[layers.Count];
        for (var i = 0; i < _layers.Length; i++)
        {
            _layers[i] = new DecoderLayer(config, weights, layers.First + i);
            progress?.Report(new LoadProgress(i + 1, _layers.Length));
        }

        if (!endsModel)
            return;
        _finalNorm = weights.Norm(ModelTensors.FinalNorm, config.HiddenSize);
        _head = new LinearGroup(sharesHead ? embedding! : weights.Matrix(ModelTensors.Head, config.VocabularySize, config.HiddenSize));
    }

    public ModelConfig Config { get; }

    public LayerRange Layers { get; }

    public bool HasEmbedding => _embedding is not null;

    public bool HasHead => _head is not null;

    /// <summary>Bytes that one decoded token reads: all matrices but the embedding, of which it reads a row.</summary>
    public long BytesPerToken => MatricesPerToken.Sum(matrix => matrix.ByteCount);

    /// <summary>Bytes of all matrices; a matrix that is embedding and head counts once.</summary>
    public long ByteCount => MatricesPerToken.Append(_embedding).OfType<Linear>().Distinct().Sum(matrix => matrix.ByteCount);

    private IEnumerable<Linear> MatricesPerToken => [.. _layers.SelectMany(layer => layer.Matrices), .. _head?.Matrices ?? []];

    /// <param name="checkpoint">A Hugging Face folder or an OPSC package.</param>
    /// <param name="layers">Which layers.</param>
    /// <param name="format">Quantizes matrices that the checkpoint has in 16 or 32 bits, into memory of their own; null takes what it has.</param>
    /// <param name="progress">Told of each layer.</param>
    /// <param name="threads">Quantize; null for the calling thread alone.</param>
    /// <exception cref="UserErrorException">A tensor is missing, has another shape or type, or holds weights that are not finite.</exception>
    public static Segment Load(
        Checkpoint checkpoint, LayerRange layers, WeightFormat? format = null, IProgress<LoadProgress>? progress = null, ComputeThreads? threads = null) =>
        new(checkpoint.Config, layers, new CheckpointWeights(checkpoint, format, threads), progress);

    /// <summary>A segment of weights from any source.</summary>
    internal static Segment Of(ModelConfig config, LayerRange layers, IWeightSource weights) => new(config, layers, weights, progress: null);

    /// <summary>A segment of weights without meaning, to measure speed.</summary>
    public static Segment Synthesize(ModelConfig config, LayerRange layers, WeightFormat format, IProgress<LoadProgress>? progress = null) =>
        new(config, layers, new SyntheticWeights(format), progress);

    /// <summary>The pages of this segment's caches.</summary>
    public KvLayout KvLayout(KvFormat format) => new(Layers.Count, Config.KvHeadCount, Config.HeadDim, format);

    /// <summary>A cache with its own pool.</summary>
    /// <param name="tokenCountMax">Most positions; at most <see cref="ModelConfig.ContextLength"/> are used.</param>
    /// <param name="format">How keys and values are stored.</param>
    public KvCache CreateCache(int tokenCountMax, KvFormat format = KvFormat.Float16) =>
        new(KvLayout(format), Math.Min(tokenCountMax, Config.ContextLength));

    /// <summary>Looks up token embeddings.</summary>
    /// <param name="tokens">[n], each below the vocabulary size</param>
    /// <param name="hidden">[n, d], written</param>
    /// <exception cref="InvalidOperationException">The segment does not start the model.</exception>
    public void Embed(ReadOnlySpan<int> tokens, Span<float> hidden)
    {
        var embedding = _embedding ?? throw new InvalidOperationException($"A segment of {Layers} has no embedding.");
        for (var i = 0; i < tokens.Length; i++)
            embedding.CopyRow(tokens[i], hidden.Slice(i * Config.HiddenSize, Config.HiddenSize));
    }

    /// <summary>
    /// Runs the layers over a batch of sequences, whose rows follow each other in <paramref name="hidden"/>. The result is that of one
    /// entry after the other, bit for bit. A segment that ends the model takes sequences of every split in one batch: one whose cache has fewer
    /// layers than the segment enters at the layer from which on its cache has all. Other segments take caches of all their layers only: nothing tells
    /// whether a sequence of fewer enters late or leaves early.
    /// </summary>
    /// <param name="batch">One entry per run of neighbouring tokens; a sequence may have several. Caches of more layers come first.</param>
    /// <param name="hidden">[n, d], updated in place</param>
    /// <param name="workspace">Scratch with room for n rows.</param>
    /// <exception cref="ArgumentException">
    /// The sizes do not fit each other, or a cache has another layout, more layers than the one before it, a gap or no room. Then nothing has been
    /// computed, and no cache counts a token of the batch.
    /// </exception>
    /// <exception cref="KvPoolExhaustedException">The pool of a cache has too few pages left. Likewise.</exception>
    /// <exception cref="ObjectDisposedException">The workspace, a cache or the checkpoint is disposed. No cache counts a token of the batch.</exception>
    public void Forward(ReadOnlySpan<SequenceRows> batch, Span<float> hidden, Workspace workspace)
    {
        workspace.Prepare(batch);
        if (hidden.Length != workspace.RowCount * Config.HiddenSize)
            throw new ArgumentException($"{hidden.Length} floats for {workspace.RowCount} rows of {Config.HiddenSize}.", nameof(hidden));
        RequireCachesThatFit(batch);
        Reserve(batch);
        try
        {
            RunLayers(batch, hidden, workspace);
        }
        catch
        {
            Forget(batch); // their keys and values are not there
            throw;
        }

        GC.KeepAlive(workspace);
        GC.KeepAlive(this);
    }

    private void RunLayers(ReadOnlySpan<SequenceRows> batch, Span<float> hidden, Workspace workspace)
    {
        var (enteredCount, rowCount) = (0, 0); // of the batch: the first ones, as those of fewer layers come last
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var layersLeft = _layers.Length - layer;
            for (; enteredCount < batch.Length && batch[enteredCount].Cache.Layout.LayerCount >= layersLeft; enteredCount++)
                rowCount += batch[enteredCount].Count;
            if (rowCount == 0)
                continue;
            workspace.Resize(rowCount);
            _layers[layer].Forward(batch[..enteredCount], layersLeft, hidden[..(rowCount * Config.HiddenSize)], workspace);
        }
    }

    /// <summary>Reads what a token reads (<see cref="BytesPerToken"/>) and does nothing else with it: how fast that is, is how fast decoding can be.</summary>
    /// <returns>The sum of all 64-bit words, whatever the threads.</returns>
    public ulong ReadWeights(ComputeThreads threads)
    {
        _reading ??= new WeightReading(MatricesPerToken);
        return _reading.Sum(threads);
    }

    private void RequireCachesThatFit(ReadOnlySpan<SequenceRows> batch)
    {
        var layerCountMax = _layers.Length;
        foreach (var rows in batch)
        {
            var layout = rows.Cache.Layout;
            var hasLayers = HasHead ? layout.LayerCount <= _layers.Length : layout.LayerCount == _layers.Length;
            if (!hasLayers || (layout.KvHeadCount, layout.HeadDim) != (Config.KvHeadCount, Config.HeadDim))
                throw new ArgumentException($"A cache of {layout.LayerCount} layers for a segment of {_layers.Length}: {layout}.", nameof(batch));
            if (layout.LayerCount > layerCountMax)
                throw new ArgumentException($"A cache of {layout.LayerCount} layers after one of {layerCountMax}: sequences of more layers come first.", nameof(batch));
            layerCountMax = layout.LayerCount;
        }
    }

    private static void Reserve(ReadOnlySpan<SequenceRows> batch)
    {
        var reserved = 0;
        try
        {
            foreach (var rows in batch)
            {
                rows.Cache.Reserve(rows.Position, rows.Count);
                reserved++;
            }
        }
        catch
        {
            Forget(batch[..reserved]);
            throw;
        }
    }

    private static void Forget(ReadOnlySpan<SequenceRows> batch)
    {
        foreach (var rows in batch)
            rows.Cache.Truncate(rows.Position);
    }

    /// <summary>Final norm and head.</summary>
    /// <param name="hidden">[n, d] after the last layer</param>
    /// <param name="logits">[n, V], written</param>
    /// <param name="workspace">Scratch with room for n rows.</param>
    /// <exception cref="InvalidOperationException">The segment does not end the model.</exception>
    /// <exception cref="ArgumentException">The sizes do not fit each other.</exception>
    public void Logits(ReadOnlySpan<float> hidden, Span<float> logits, Workspace workspace)
    {
        var head = _head ?? throw new InvalidOperationException($"A segment of {Layers} has no head.");
        workspace.Resize(hidden.Length / Config.HiddenSize);
        RmsNorm.Normalize(hidden, _finalNorm, Config.RmsNormEps, workspace.Normed);          // [n, d]
        head.Forward(workspace.Normed, workspace, logits);                                   // [n, V]
        GC.KeepAlive(workspace);
        GC.KeepAlive(this);
    }
}

/// <summary>Layers of a segment that are loaded so far.</summary>
public readonly record struct LoadProgress(int LayersLoaded, int LayerCount);
