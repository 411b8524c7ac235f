using SplitActors.Inference.Calibration;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Protocol;

/// <summary>What both ends of a link must have alike where the codec is calibrated.</summary>
/// <param name="Calibration">Of the split.</param>
/// <param name="Embedding">
/// The model's embedding as its checkpoint has it, whatever the ends quantize at load; null where nothing is predicted from it.
/// </param>
public sealed record CalibratedSplit(SplitCalibration Calibration, Segment? Embedding);
