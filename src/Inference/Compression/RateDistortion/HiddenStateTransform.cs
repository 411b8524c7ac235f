using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// One transform of one split: z = B·(x − m − P·e), where the rotation B and the prediction P may be absent, and its inverse x = Bᵀ·z + m + P·e.
/// Immutable. Sums are in the order of <see cref="Lanes"/>, so that both ends have the same bits on any CPU.
/// </summary>
internal sealed unsafe class HiddenStateTransform
{
    private readonly ushort[]? _basis;       // [d, d] float16, a row per eigenvector
    private readonly ushort[]? _transposed;  // [d, d] float16
    private readonly float[]? _prediction;   // [d, d]

    /// <param name="mean">[d] m.</param>
    /// <param name="deviation">[d] Standard deviation of each column or coefficient of x ÷ RMS(x).</param>
    /// <param name="basis">[d, d] B as float16, a row per eigenvector; null for none.</param>
    /// <param name="prediction">[d, d] P; null for none.</param>
    public HiddenStateTransform(float[] mean, float[] deviation, ushort[]? basis, float[]? prediction)
    {
        Mean = mean;
        Offsets = new ColumnOffsets(deviation);
        var squares = 0.0;
        foreach (var value in mean)
            squares += (double)value * value;
        ScaleMin = ScaleMinRatio * Math.Sqrt(squares / mean.Length);
        _basis = basis;
        _transposed = basis is null ? null : Transpose(basis, mean.Length);
        _prediction = prediction;
    }

    private const double ScaleMinRatio = 0.1;

    public int Width => Mean.Length;

    /// <summary>[d]</summary>
    public float[] Mean { get; }

    /// <summary>[d] Of each column or coefficient.</summary>
    public ColumnOffsets Offsets { get; }

    /// <summary>The least scale of a token: a tenth of the mean's RMS, or the step of a token near zero could not reach back to it from the mean.</summary>
    public double ScaleMin { get; }

    public bool Rotates => _basis is not null;

    public bool Predicts => _prediction is not null;

    /// <summary>z of whole rows; only for transforms that rotate.</summary>
    /// <param name="hidden">[rows, d]</param>
    /// <param name="embeddings">[rows, d] e; ignored without a prediction.</param>
    /// <param name="scratch">[rows, d]</param>
    /// <param name="coefficients">[rows, d] Receives z.</param>
    public void Forward(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings, Span<float> scratch, Span<float> coefficients)
    {
        Predict(embeddings, scratch);
        for (var i = 0; i < hidden.Length; i++)
            scratch[i] = hidden[i] - scratch[i];
        Multiply(_basis!, scratch, coefficients);
    }

    /// <summary>x of whole rows; only for transforms that rotate.</summary>
    /// <param name="hidden">[rows, d] Holds z and receives x.</param>
    /// <param name="embeddings">[rows, d] e; ignored without a prediction.</param>
    /// <param name="scratch">[rows, d]</param>
    public void Inverse(Span<float> hidden, ReadOnlySpan<float> embeddings, Span<float> scratch)
    {
        hidden.CopyTo(scratch);
        Multiply(_transposed!, scratch, hidden);
        Predict(embeddings, scratch);
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] += scratch[i];
    }

    /// <summary>m + P·e of every row.</summary>
    private void Predict(ReadOnlySpan<float> embeddings, Span<float> predicted)
    {
        if (_prediction is null)
        {
            for (var rows = predicted; !rows.IsEmpty; rows = rows[Width..])
                Mean.CopyTo(rows);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(embeddings.Length, predicted.Length, nameof(embeddings));
        fixed (float* w = _prediction, x = embeddings, y = predicted)
            MatMul.Multiply<Float32Weights>((byte*)w, x, y, predicted.Length / Width, Width, Width, Width);
        for (var i = 0; i < predicted.Length; i++)
            predicted[i] += Mean[i % Width];
    }

    private void Multiply(ushort[] matrix, ReadOnlySpan<float> from, Span<float> to)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from.Length, to.Length, nameof(from));
        fixed (ushort* w = matrix)
        fixed (float* x = from, y = to)
            MatMul.Multiply<Float16Weights>((byte*)w, x, y, to.Length / Width, Width, Width, Width);
    }

    private static ushort[] Transpose(ushort[] matrix, int size)
    {
        var transposed = new ushort[matrix.Length];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
                transposed[(column * size) + row] = matrix[(row * size) + column];
        }

        return transposed;
    }
}
