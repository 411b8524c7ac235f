using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>The codecs that <c>splitactors codec measure</c> compares.</summary>
public static class CodecCatalog
{
    /// <summary>The family of <see cref="Tabq"/>.</summary>
    public const string TabqFamily = "tabq";

    /// <summary>What runtimes send without a codec of their own, most bytes first.</summary>
    public static IReadOnlyList<CodecChoice> Baselines { get; } =
    [
        new("fp16", () => new Float16Transport()),
        new("q80", () => new AbsmaxTransport(bits: 8, blockSize: 32, ScaleType.Float16)), // distributed-llama's blocks between its nodes
        new("int8-block64", () => new AbsmaxTransport(bits: 8, blockSize: 64, ScaleType.Float16)),
        new("int8-token", () => new AbsmaxTransport(bits: 8, AbsmaxTransport.WholeToken, ScaleType.Float32)),
        new("int4-g32", () => new AbsmaxTransport(bits: 4, blockSize: 32, ScaleType.Float16)),
        new("int4-token", () => new AbsmaxTransport(bits: 4, AbsmaxTransport.WholeToken, ScaleType.Float32)),
    ];

    /// <summary>The paper's codec, named <c>tabq:τ:bits:Δ</c>; without Δ where a token has no choice of bits.</summary>
    public static CodecChoice Tabq(TabqOptions options)
    {
        var threshold = options.Threshold == NoThreshold ? "none" : $"{options.Threshold}";
        var bits = options.BitsMin == options.BitsMax ? $"{options.BitsMax}" : $"{options.BitsMin}-{options.BitsMax}:{options.DistortionTolerance}";
        var compression = new CompressionOptions(FrameCodec.Tabq, options);
        return new CodecChoice($"{TabqFamily}:{threshold}:{bits}", TabqFamily, _ => new FrameTransport(compression)) { WritesFrames = true };
    }

    /// <summary>τ that splits nothing off but what no grid can hold.</summary>
    public static Threshold NoThreshold { get; } = Threshold.Absolute(float.MaxValue);
}
