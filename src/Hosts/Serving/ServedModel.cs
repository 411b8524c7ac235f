using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Serving;

/// <summary>A model as the actors of a process see it. The checkpoint stays open as long as they live.</summary>
internal sealed class ServedModel
{
    private readonly Lazy<Segment>? _embedding; // for predictions

    /// <param name="checkpoint">The model.</param>
    /// <param name="calibration">That device and workers have; null for none.</param>
    /// <param name="predicts">Hidden states are predicted from the tokens' embeddings, as far as the calibration can.</param>
    public ServedModel(Checkpoint checkpoint, ModelCalibration? calibration, bool predicts)
    {
        (Checkpoint, Calibration) = (checkpoint, calibration);
        Digest = DigestOf(checkpoint);
        _embedding = predicts ? new(() => Segment.Load(checkpoint, LayerRange.Front(0))) : null;
    }

    /// <summary>SHA-256.</summary>
    public static ByteString DigestOf(Checkpoint checkpoint) => ByteString.CopyFrom(Convert.FromHexString(ModelDigest.Of(checkpoint).Hex));

    public Checkpoint Checkpoint { get; }

    public ModelConfig Config => Checkpoint.Config;

    public ModelCalibration? Calibration { get; }

    /// <summary>0: none.</summary>
    public ulong CalibrationId => Calibration?.Id ?? 0;

    /// <summary>SHA-256.</summary>
    public ByteString Digest { get; }

    /// <summary>What the codec knows of a split, if the calibration is asked for and has it.</summary>
    public CalibratedSplit? Calibrated(int splitLayer, ulong? calibrationId) => calibrationId is null or 0
        ? null
        : Calibration?.For(splitLayer) is { } split ? new CalibratedSplit(split, _embedding?.Value) : null;
}
