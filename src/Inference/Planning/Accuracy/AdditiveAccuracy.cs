using SplitActors.Inference.Calibration;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Accuracy;

/// <summary>
/// Expects of a choice the sum of what its parts cost by themselves [2511.04002, eq. 8b, where A is to be measured]: front weights, back weights, keys and
/// values by their share of the layers, and the hidden state's compression. Splits between two measured ones lie on a line between them. A part that was not
/// measured makes the sum unknown; weights as stored and keys and values of 16 bits cost nothing, as they are what the others are compared with.
/// </summary>
/// <param name="layerCount">L</param>
/// <param name="figures">Null if nothing was measured.</param>
/// <param name="quality">Of the hidden states.</param>
/// <param name="calibration">Tells what a split's compression costs where the figures do not; null for none.</param>
public sealed class AdditiveAccuracy(int layerCount, AccuracyFigures? figures, QualityTarget quality, ModelCalibration? calibration) : IAccuracyModel
{
    public double? PerplexityRise(SplitChoice choice)
    {
        var nats = FrontNats(choice.FrontWeights, choice.SplitLayer)
            + BackNats(choice.BackWeights, choice.SplitLayer)
            + KeyValueNats(choice.FrontKv, choice.SplitLayer)
            + KeyValueNats(choice.BackKv, layerCount - choice.SplitLayer)
            + HiddenStateNats(choice.SplitLayer);
        return nats is { } sum ? Math.Exp(sum) - 1 : null;
    }

    /// <summary>What was measured at a split; null if nothing was.</summary>
    public HiddenStateCost? MeasuredStates(int splitLayer) =>
        figures?.HiddenStates.FirstOrDefault(cost => cost.SplitLayer == splitLayer && cost.QualityPercent == quality.RisePercent);

    private double? FrontNats(WeightFormat format, int splitLayer)
    {
        if (!format.IsQuantized || splitLayer == 0)
            return 0;
        var measured = figures?.FrontWeights.Where(cost => cost.Bits == format.Bits && cost.GroupSize == format.GroupSize).OrderBy(cost => cost.SplitLayer).ToArray();
        if (measured is not [.., var last] || last.SplitLayer < splitLayer)
            return null;
        var above = Array.Find(measured, cost => cost.SplitLayer >= splitLayer)!;
        var (below, belowNats) = measured.LastOrDefault(cost => cost.SplitLayer <= splitLayer) is { } found ? (found.SplitLayer, found.Nats) : (0, 0.0);
        return above.SplitLayer == below ? above.Nats : belowNats + ((above.Nats - belowNats) * (splitLayer - below) / (above.SplitLayer - below));
    }

    /// <summary>What all layers cost without what the front costs.</summary>
    private double? BackNats(WeightFormat format, int splitLayer) =>
        splitLayer == layerCount ? 0 : FrontNats(format, layerCount) - FrontNats(format, splitLayer);

    private double? KeyValueNats(KvFormat format, int layers)
    {
        if (layers == 0 || format >= KvFormat.Float16)
            return 0;
        return figures?.KeyValues.FirstOrDefault(cost => cost.Bits == (int)format)?.Nats * layers / layerCount;
    }

    private double? HiddenStateNats(int splitLayer)
    {
        if (splitLayer == 0 || splitLayer == layerCount)
            return 0;
        if (MeasuredStates(splitLayer) is { } measured)
            return measured.Nats;
        var step = calibration?.For(splitLayer)?.Steps
            .FirstOrDefault(step => step.Quality == quality && step.RateDistortion.Transform == Compression.RateDistortion.RateDistortionTransform.Columns);
        return step is null ? null : Math.Log(1 + (step.RisePercent / 100));
    }
}
