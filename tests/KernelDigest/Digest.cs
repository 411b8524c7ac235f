using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.KernelDigest;

/// <summary>
/// SHA-256 over the outputs of all kernels, of the codec and of the embedded model for fixed inputs. It is the same on every CPU, or a
/// session that moves between machines does not go on as it began. Small, since without vector instructions everything is slow.
/// </summary>
public static class Digest
{
    private const int SplitLayer = 3;

    private static readonly int[] Widths = [1, 3, 15, 16, 17, 33, 64, 100];
    private static readonly int[] Tokens = [4094, 46, 1352, 540, 258];

    public static string Compute(string modelFolder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var width in Widths)
        {
            AddElementwise(hash, width);
            AddMatMul<BFloat16Weights>(hash, width);
            AddMatMul<Float32Weights>(hash, width);
        }

        foreach (var bits in WeightFormat.SupportedBits[1..])
            AddQuantized(hash, bits);
        AddAttention(hash);
        AddFrames(hash);
        AddModel(hash, modelFolder);
        AddQuantizedModel(hash, modelFolder);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void AddElementwise(IncrementalHash hash, int width)
    {
        var (x, y) = (Uniform(1, width, 20), Uniform(2, width, 1));
        Add(hash, [DotProduct.Compute(x, y)]);
        Apply(hash, x, copy => Softmax.Apply(copy));
        Apply(hash, x, copy => VectorMath.Exp(copy.AsSpan()));
        Apply(hash, x, copy => SwiGlu.Apply(copy, y));
        Apply(hash, x, copy => Elementwise.Add(copy, y));
        Apply(hash, x, copy => RmsNorm.Normalize(copy, y, 1e-5f, copy));
    }

    private static unsafe void AddMatMul<TWeights>(IncrementalHash hash, int inputSize)
        where TWeights : struct, IWeightFormat
    {
        const int OutputSize = 13;
        var floats = Uniform(3, OutputSize * inputSize, 1);
        var weights = TWeights.ElementBytes == sizeof(float)
            ? MemoryMarshal.AsBytes<float>(floats).ToArray()
            : MemoryMarshal.AsBytes<ushort>([.. floats.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))]).ToArray();
        foreach (var tokenCount in new[] { 1, 5 })
        {
            var x = Uniform(4, tokenCount * inputSize, 1);
            var y = new float[tokenCount * OutputSize];
            fixed (byte* pw = weights)
            fixed (float* px = x, py = y)
                MatMul.Multiply<TWeights>(pw, px, py, tokenCount, inputSize, OutputSize, OutputSize);
            Add(hash, y);
        }
    }

    private static void AddQuantized(IncrementalHash hash, int bits)
    {
        foreach (var (groupSize, width) in new[] { (32, 100), (128, 352) })
        {
            var format = new WeightFormat(bits, groupSize);
            foreach (var tokenCount in new[] { 1, 5 })
            {
                var activations = PanelValues.Quantize(Uniform(6, tokenCount * width, 20), tokenCount, format);
                hash.AppendData(MemoryMarshal.AsBytes<sbyte>(activations.Codes));
                hash.AppendData(MemoryMarshal.AsBytes<int>(activations.Corrections));
                Add(hash, activations.Scales);
                Add(hash, TileOperands.Random(new TileLayout(TileLayout.TileRows, width, format), tokenCount, seed: 7).Run(TileKernel.Chosen(bits)));
            }
        }
    }

    private static void AddAttention(IncrementalHash hash)
    {
        const int HeadCount = 4, HeadDim = 36, KvHeadCount = 2, PositionCount = 39;
        var query = Uniform(5, HeadCount * HeadDim, 3);
        var table = new float[HeadDim];
        RotaryEmbedding.ComputeTable(100_003, RotaryEmbedding.InverseFrequencies(10_000, HeadDim), table);
        RotaryEmbedding.Rotate(query, table);
        Add(hash, query);

        foreach (var format in new[] { KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4 })
        {
            using var cache = new KvCache(new KvLayout(1, KvHeadCount, HeadDim, format), PositionCount);
            AddAttention(hash, cache, query);
        }
    }

    /// <summary>The last rows, as one tile per KV head and one by one.</summary>
    private static void AddAttention(IncrementalHash hash, KvCache cache, float[] lastQuery)
    {
        const int RowCount = 5;
        var (headDim, first) = (cache.Layout.HeadDim, cache.TokenCountMax - RowCount);
        cache.Reserve(0, cache.TokenCountMax);
        for (var position = 0; position < cache.TokenCountMax; position++)
        {
            for (var kvHead = 0; kvHead < cache.Layout.KvHeadCount; kvHead++)
            {
                var seed = (ulong)(1000 + (2 * position) + (1000 * kvHead));
                cache.Write(0, kvHead, position, Uniform(seed, headDim, 3), Uniform(seed + 1, headDim, 3));
            }
        }

        float[] query = [.. Uniform(8, (RowCount - 1) * lastQuery.Length, 3), .. lastQuery];
        var output = new float[query.Length];
        var scratch = new float[Attention.ScratchCount(headDim, lastQuery.Length / headDim / cache.Layout.KvHeadCount, cache.TokenCountMax)];
        foreach (var rows in new[] { 1, RowCount })
        {
            for (var row = 0; row < RowCount; row += rows)
            {
                for (var kvHead = 0; kvHead < cache.Layout.KvHeadCount; kvHead++)
                {
                    Attention.Attend(
                        cache,
                        new AttentionTile(0, kvHead, first + row, rows),
                        query.AsSpan(row * lastQuery.Length, rows * lastQuery.Length),
                        output.AsSpan(row * lastQuery.Length, rows * lastQuery.Length),
                        scratch);
                }
            }

            Add(hash, output);
        }
    }

    /// <summary>Frames of one lane, four and 32, of whole blocks of lanes and partial ones, and what they decode to.</summary>
    private static void AddFrames(IncrementalHash hash)
    {
        foreach (var (rows, width, threshold) in new[] { (1, 1, "1rms"), (3, 33, "q0.9"), (1, 4099, "3rms"), (9, 4095, "q0.999") })
        {
            var options = new CompressionOptions(FrameCodec.Tabq, new TabqOptions(Threshold.Parse(threshold, nameof(Digest))));
            var hidden = Uniform(9, rows * width, 3);
            hidden[^1] = float.NaN;
            var frame = new HiddenStateEncoder(options).Encode(hidden, rows, width).Bytes.Span;
            hash.AppendData(frame);
            if (FrameDecoder.Decode(frame, hidden, out _) != DecodeStatus.Ok)
                throw new InvalidOperationException("The frame that was just encoded does not decode.");
            Add(hash, hidden);
        }
    }

    /// <summary>Logits of the embedded model with a compressed hidden state at the split, and the tokens drawn from them.</summary>
    private static void AddModel(IncrementalHash hash, string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var config = checkpoint.Config;
        var encoder = new HiddenStateEncoder(CompressionOptions.Default);
        var front = Segment.Load(checkpoint, LayerRange.Front(SplitLayer));
        var back = Segment.Load(checkpoint, LayerRange.Back(SplitLayer, config.LayerCount));
        var model = new SplitModel(front, back, Transport, Tokens.Length);
        var logits = new float[Tokens.Length * config.VocabularySize];
        model.Run(Tokens, logits);
        Add(hash, logits);

        var sampler = new Sampler();
        var options = new SamplingOptions { Temperature = 1.5f, TopP = 0.95f, MinP = 0.001f, RepetitionPenalty = 1.3f, Seed = 7 };
        for (var position = 0; position < 100; position++)
        {
            var token = sampler.Sample(logits.AsSpan(0, config.VocabularySize).ToArray(), options, Tokens, position);
            hash.AppendData(BitConverter.GetBytes(token));
        }

        void Transport(Span<float> hidden, int rows)
        {
            var frame = encoder.Encode(hidden, rows, config.HiddenSize).Bytes.Span;
            hash.AppendData(frame);
            if (FrameDecoder.Decode(frame, hidden, out _) != DecodeStatus.Ok)
                throw new InvalidOperationException("The frame that was just encoded does not decode.");
        }
    }

    /// <summary>Logits with few bits everywhere, on two threads.</summary>
    private static void AddQuantizedModel(IncrementalHash hash, string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        using var threads = new ComputeThreads(2);
        var front = Segment.Load(checkpoint, LayerRange.Front(SplitLayer), new WeightFormat(4));
        var back = Segment.Load(checkpoint, LayerRange.Back(SplitLayer, checkpoint.Config.LayerCount), new WeightFormat(8));
        using var model = new SplitModel(front, back, transport: null, Tokens.Length, KvFormat.Int8, threads);
        var logits = new float[Tokens.Length * checkpoint.Config.VocabularySize];
        model.Run(Tokens, logits);
        Add(hash, logits);
    }

    private static void Apply(IncrementalHash hash, float[] x, Action<float[]> kernel)
    {
        var copy = x.ToArray();
        kernel(copy);
        Add(hash, copy);
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<float> values) => hash.AppendData(MemoryMarshal.AsBytes(values));

    /// <summary>Uniform in ±<paramref name="magnitude"/>.</summary>
    private static float[] Uniform(ulong seed, int count, float magnitude) =>
        [.. Enumerable.Range(0, count).Select(i => magnitude * (float)((2 * Philox.Uniform(seed, i)) - 1))];
}
