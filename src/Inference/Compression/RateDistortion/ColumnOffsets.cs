namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>The spread of each column relative to the token's RMS, in quarters of an octave.</summary>
internal sealed class ColumnOffsets
{
    private const int Largest = 2 * SpreadTables.Count;

    private readonly sbyte[] _values; // [width]

    /// <param name="deviation">[width] Standard deviation of each column ÷ the token's RMS.</param>
    public ColumnOffsets(ReadOnlySpan<float> deviation)
    {
        _values = new sbyte[deviation.Length];
        for (var column = 0; column < deviation.Length; column++)
        {
            var offset = Math.Clamp(StepGrid.Nearest(deviation[column]), -Largest, Largest);
            _values[column] = (sbyte)offset;
            (Min, Max) = column == 0 ? (offset, offset) : (Math.Min(Min, offset), Math.Max(Max, offset));
        }
    }

    /// <summary>All columns alike.</summary>
    public static ColumnOffsets None { get; } = new([]);

    /// <summary>[width], or nothing: 0 for all columns.</summary>
    public ReadOnlySpan<sbyte> Values => _values;

    public bool IsEmpty => _values.Length == 0;

    public int Min { get; }

    public int Max { get; }
}
