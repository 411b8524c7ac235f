using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Evaluation;

/// <summary>Which numbers of a model are rounded, to measure what each kind costs by itself. <see cref="Segment.Load"/> rounds all of them.</summary>
/// <param name="Format">Of the matrices.</param>
/// <param name="RoundsEmbedding">Whether embedding and head are rounded too, not the layers alone.</param>
/// <param name="RoundsActivations">Whether activations are rounded to int8; otherwise floats multiply the rounded weights as floats.</param>
public sealed record WeightRounding(WeightFormat Format, bool RoundsEmbedding, bool RoundsActivations)
{
    /// <param name="checkpoint">Of stored weights; stays open as long as the segment is used.</param>
    /// <param name="layers">Which layers.</param>
    /// <exception cref="UserErrorException">As of <see cref="Segment.Load"/>.</exception>
    public Segment Load(Checkpoint checkpoint, LayerRange layers) => Segment.Of(checkpoint.Config, layers, new Weights(this, checkpoint));

    private sealed class Weights(WeightRounding rounding, Checkpoint checkpoint) : IWeightSource
    {
        private readonly CheckpointWeights _stored = new(checkpoint, format: null);
        private readonly CheckpointWeights _rounded = new(checkpoint, rounding.Format);
        private readonly NativeArena _arena = new();

        public Linear Matrix(string name, int outputSize, int inputSize)
        {
            if (!rounding.RoundsEmbedding && name is (ModelTensors.Embedding or ModelTensors.Head))
                return _stored.Matrix(name, outputSize, inputSize);
            var rounded = _rounded.Matrix(name, outputSize, inputSize);
            return rounding.RoundsActivations || !rounded.Format.IsQuantized ? rounded : DequantizedLinear.Of(rounded, _arena);
        }

        public float[] Norm(string name, int size) => _stored.Norm(name, size);
    }
}
