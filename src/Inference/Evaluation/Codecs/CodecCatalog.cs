using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>The codecs that <c>splitactors codec measure</c> compares.</summary>
public static class CodecCatalog
{
    /// <summary>The family of <see cref="Tabq"/>.</summary>
    public const string TabqFamily = "tabq";

    /// <summary>The family of <see cref="RateDistortion(RateDistortionOptions)"/>, and the beginning of those with a rotation.</summary>
    public const string RateDistortionFamily = "rd";

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

    /// <summary>The rate–distortion codec without a calibration, named <c>rd:step</c>.</summary>
    public static CodecChoice RateDistortion(RateDistortionOptions options)
    {
        var compression = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = options };
        return new CodecChoice($"{RateDistortionFamily}:{options.RelativeStep}", RateDistortionFamily, _ => new FrameTransport(compression)) { WritesFrames = true };
    }

    /// <summary>The rate–distortion codec at a calibrated quality, named <c>rd[+klt[+prediction]]:quality</c>.</summary>
    /// <param name="calibration">Of the model; has the transform at every split that is measured.</param>
    public static CodecChoice RateDistortion(ModelCalibration calibration, RateDistortionTransform transform, QualityTarget quality) =>
        Calibrated(calibration, transform, $"{quality}", split => split.RateDistortionFor(quality, transform));

    /// <summary>The rate–distortion codec at a step, with the calibration's transform, named <c>rd+klt[+prediction]:step</c>.</summary>
    /// <param name="calibration">Of the model; has the transform at every split that is measured.</param>
    public static CodecChoice RateDistortion(ModelCalibration calibration, RateDistortionOptions options) =>
        Calibrated(calibration, options.Transform, $"{options.RelativeStep}", split => split.RateDistortionFor(options));

    private static CodecChoice Calibrated(ModelCalibration calibration, RateDistortionTransform transform, string setting, Func<SplitCalibration, CompressionOptions> optionsFor) =>
        new($"{FamilyOf(transform)}:{setting}", FamilyOf(transform), place =>
        {
            var split = calibration.For(place.SplitLayer) ?? throw new ArgumentException($"Split {place.SplitLayer} is not calibrated.", nameof(calibration));
            return new FrameTransport(optionsFor(split), split, transform == RateDistortionTransform.Prediction ? place.Embed : null);
        })
        {
            WritesFrames = true,
        };

    /// <summary>The family of a transform; those without and with column statistics are one.</summary>
    public static string FamilyOf(RateDistortionTransform transform) => transform switch
    {
        RateDistortionTransform.KarhunenLoeve => $"{RateDistortionFamily}+klt",
        RateDistortionTransform.Prediction => $"{RateDistortionFamily}+klt+prediction",
        _ => RateDistortionFamily,
    };

    /// <summary>τ that splits nothing off but what no grid can hold.</summary>
    public static Threshold NoThreshold { get; } = Threshold.Absolute(float.MaxValue);
}
