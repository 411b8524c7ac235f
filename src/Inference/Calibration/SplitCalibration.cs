using System.Buffers.Binary;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Calibration;

/// <summary>What is known of the hidden states at one split of one model. Immutable: encoders, decoders and threads share it.</summary>
public sealed class SplitCalibration
{
    private readonly Lazy<HiddenStateTransform>?[] _transforms; // [RateDistortionTransform] made when first used: a model has many splits, a session one transform

    internal SplitCalibration(int splitLayer, ulong id, SplitTensors tensors, IReadOnlyList<CalibratedStep> steps, IReadOnlyList<CalibratedTabq> tabq)
    {
        (SplitLayer, Id, Steps, Tabq) = (splitLayer, id, steps, tabq);
        Width = tensors.Mean.Length;
        _transforms =
        [
            null,
            new(() => new HiddenStateTransform(tensors.Mean, tensors.Deviation, basis: null, prediction: null)),
            tensors.KarhunenLoeve is { } basis ? new(() => new HiddenStateTransform(tensors.Mean, basis.Deviation, basis.Vectors, prediction: null)) : null,
            tensors.Prediction is { } prediction
                ? new(() => new HiddenStateTransform(prediction.Bias, prediction.Residual.Deviation, prediction.Residual.Vectors, prediction.Weights()))
                : null,
        ];
        Span<byte> bytes = stackalloc byte[sizeof(ulong) + sizeof(int)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, id);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[sizeof(ulong)..], splitLayer);
        ChecksumSeed = Crc32C.Compute(bytes);
    }

    /// <summary>Layers before the split.</summary>
    public int SplitLayer { get; }

    /// <summary>Of the calibration file: the first 8 bytes of its SHA-256, little-endian. Both ends must have the same.</summary>
    public ulong Id { get; }

    /// <summary>d, values per token.</summary>
    public int Width { get; }

    /// <summary>Settings of the rate–distortion codec for every quality and every transform that there is.</summary>
    public IReadOnlyList<CalibratedStep> Steps { get; }

    /// <summary>Settings of TAB-Q for every quality.</summary>
    public IReadOnlyList<CalibratedTabq> Tabq { get; }

    public bool Has(RateDistortionTransform transform) => transform == RateDistortionTransform.None || _transforms[(int)transform] is not null;

    /// <summary>Settings that are expected to keep a quality.</summary>
    /// <param name="quality">One of <see cref="QualityTarget.All"/>.</param>
    /// <param name="transform">One that there is.</param>
    /// <exception cref="ArgumentException">There is no setting for these.</exception>
    public CompressionOptions RateDistortionFor(QualityTarget quality, RateDistortionTransform transform)
    {
        var step = StepFor(quality, transform)
            ?? throw new ArgumentException($"No setting for {quality} with {transform}.", nameof(quality));
        return RateDistortionFor(step.RateDistortion) with
        {
            Quality = quality,
            ExpectedRisePercent = step.ElsewherePercent,
        };
    }

    /// <summary>A step that was chosen by hand.</summary>
    /// <param name="options">With a transform that there is.</param>
    public CompressionOptions RateDistortionFor(RateDistortionOptions options) => new(FrameCodec.RateDistortion, new TabqOptions())
    {
        RateDistortion = options,
        CalibrationId = options.Transform == RateDistortionTransform.None ? 0 : Id,
    };

    /// <summary>The step for a transform that a frame has in place of the one that was asked for: that of the same quality, if it is one of a quality's.</summary>
    internal float RelativeStepFor(RateDistortionOptions asked, RateDistortionTransform transform)
    {
        if (transform == asked.Transform)
            return asked.RelativeStep;
        for (var i = 0; i < Steps.Count; i++) // for every frame, so without a closure
        {
            if (Steps[i].RateDistortion == asked)
                return StepFor(Steps[i].Quality, transform)?.RateDistortion.RelativeStep ?? asked.RelativeStep;
        }

        return asked.RelativeStep;
    }

    private CalibratedStep? StepFor(QualityTarget quality, RateDistortionTransform transform)
    {
        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Quality == quality && Steps[i].RateDistortion.Transform == transform)
                return Steps[i];
        }

        return null;
    }

    /// <inheritdoc cref="RateDistortionFor(QualityTarget, RateDistortionTransform)"/>
    public CompressionOptions TabqFor(QualityTarget quality)
    {
        var setting = Tabq.FirstOrDefault(setting => setting.Quality == quality) ?? throw new ArgumentException($"No setting for {quality}.", nameof(quality));
        return new CompressionOptions(FrameCodec.Tabq, setting.Tabq) { Quality = quality, ExpectedRisePercent = setting.ElsewherePercent };
    }

    /// <summary>CRC32C of id and split layer: what the checksums of frames that use this calibration begin with.</summary>
    internal uint ChecksumSeed { get; }

    internal HiddenStateTransform? Transform(RateDistortionTransform transform) => _transforms[(int)transform]?.Value;
}
