namespace SplitActors.Inference.Planning.Compute;

/// <summary>A measured pass.</summary>
/// <param name="RowCount">Its rows.</param>
/// <param name="PositionCount">Σ over rows of the positions that each attended to, itself included.</param>
/// <param name="Seconds">What it took; above 0.</param>
public readonly record struct ComputeSample(int RowCount, long PositionCount, double Seconds)
{
    /// <summary>
    /// One token of each of <paramref name="batchSize"/> sequences that have <paramref name="contextLength"/> tokens with it.
    /// </summary>
    public static ComputeSample Decode(int batchSize, int contextLength, double seconds) => new(batchSize, (long)batchSize * contextLength, seconds);

    /// <summary>Tokens <paramref name="position"/> and following of a prompt.</summary>
    public static ComputeSample Prefill(int position, int rowCount, double seconds) =>
        new(rowCount, ((long)rowCount * position) + ((long)rowCount * (rowCount + 1) / 2), seconds);
}
