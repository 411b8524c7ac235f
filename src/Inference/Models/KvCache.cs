namespace SplitActors.Inference.Models;

/// <summary>
/// Keys and values of one sequence for the layers of one segment, float32, [layer][position, KvWidth].
/// Grows by doubling up to <see cref="TokenCountMax"/> positions. Belongs to one thread at a time.
/// </summary>
public sealed class KvCache
{
    private const int TokenCountFirst = 64;

    private readonly float[][] _keys;
    private readonly float[][] _values;
    private readonly int _kvWidth;
    private int _capacity;

    /// <param name="layerCount">Layers of the segment.</param>
    /// <param name="kvWidth">KvHeadCount·HeadDim</param>
    /// <param name="tokenCountMax">Most positions that it may ever hold; a layer's keys must fit into one array.</param>
    public KvCache(int layerCount, int kvWidth, int tokenCountMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layerCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kvWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCountMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)tokenCountMax * kvWidth, Array.MaxLength, nameof(tokenCountMax));
        _kvWidth = kvWidth;
        TokenCountMax = tokenCountMax;
        _keys = new float[layerCount][];
        _values = new float[layerCount][];
        Grow(Math.Min(TokenCountFirst, tokenCountMax));
    }

    public int TokenCountMax { get; }

    /// <summary>Positions that hold a token.</summary>
    public int TokenCount { get; private set; }

    internal int LayerCount => _keys.Length;

    /// <summary>Bytes allocated for keys and values.</summary>
    public long ByteCount => 2L * _keys.Length * _capacity * _kvWidth * sizeof(float);

    /// <summary>Forgets the tokens from <paramref name="position"/> on.</summary>
    public void Truncate(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        TokenCount = Math.Min(TokenCount, position);
    }

    /// <summary>Makes room for tokens at <paramref name="position"/> … <c>position + count − 1</c>; later ones are forgotten.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The position or count is negative, the position would leave a gap, or there is no room. Nothing has changed.
    /// </exception>
    internal void Reserve(int position, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, TokenCountMax - position);
        if (position + count > _capacity)
            Grow((int)Math.Min(TokenCountMax, Math.Max(position + count, 2L * _capacity)));
        TokenCount = position + count;
    }

    /// <summary>Keys [count, KvWidth] of a layer, counted within the segment.</summary>
    internal Span<float> Keys(int layer, int position, int count) => _keys[layer].AsSpan(position * _kvWidth, count * _kvWidth);

    /// <summary>Values [count, KvWidth] of a layer, counted within the segment.</summary>
    internal Span<float> Values(int layer, int position, int count) => _values[layer].AsSpan(position * _kvWidth, count * _kvWidth);

    private void Grow(int capacity)
    {
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            Array.Resize(ref _keys[layer], capacity * _kvWidth);
            Array.Resize(ref _values[layer], capacity * _kvWidth);
        }

        _capacity = capacity;
    }
}
