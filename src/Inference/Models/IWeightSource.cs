namespace SplitActors.Inference.Models;

/// <summary>Where a segment's weights come from.</summary>
internal interface IWeightSource
{
    /// <summary>A matrix [outputs, inputs].</summary>
    /// <exception cref="UserErrorException">It is missing, has another shape or format, or holds a weight that is not finite.</exception>
    Linear Matrix(string name, int outputSize, int inputSize);

    /// <summary>The weights [size] of a norm.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Matrix"/>.</exception>
    float[] Norm(string name, int size);
}
