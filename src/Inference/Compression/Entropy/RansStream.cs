namespace SplitActors.Inference.Compression.Entropy;

/// <summary>
/// What both ends of an interleaved range asymmetric numeral system (rANS, Duda 2013; interleaving: Giesen 2014) agree on.
/// Column c of a row belongs to lane c mod N. Every lane has a 32-bit state; all lanes share one stream of 16-bit words, from which a lane whose
/// state is below 2^16 takes the next one, in the order of columns.
/// Bytes: the final states of the encoder, then the words, little-endian.
/// One lane starts at 0, so that a short stream pays for no empty state, and its state is written without upper zero bytes. Several lanes
/// start at 2^16, since a lane that still fills could not tell whose the words left over are, and their states take four bytes each.
/// </summary>
/// <remarks>Length beyond −Σ log2(f/2^12): one lane at most 3 bytes, about 1.5 on average; several lanes at most 4 bytes each, 3 on average.</remarks>
internal static class RansStream
{
    /// <summary>log2 of the sum of a table's frequencies.</summary>
    public const int ScaleBits = 12;

    public const int Scale = 1 << ScaleBits;

    /// <summary>A state from here on is filled.</summary>
    public const uint StateMin = 1u << 16;

    /// <summary>Most lanes.</summary>
    public const int LaneCountMax = 32;

    public const int WordBytes = sizeof(ushort);

    public const int StateBytes = sizeof(uint);

    // Lanes overlap the dependent steps of decoding and cost three bytes each: 1 % of a 4,096-wide token at 2 bits takes four.
    private const int FewLanes = 4;
    private const int FewLanesSymbolsMin = 2048;
    private const int ManyLanesSymbolsMin = 1 << 15;

    /// <summary>N for a stream of so many symbols: 1, 4 or 32. Part of the format.</summary>
    public static int LaneCount(long symbolCount) =>
        symbolCount < FewLanesSymbolsMin ? 1 : symbolCount < ManyLanesSymbolsMin ? FewLanes : LaneCountMax;

    /// <summary>The state in which the encoder starts and the decoder must end.</summary>
    public static uint FirstState(int laneCount) => laneCount == 1 ? 0 : StateMin;
}
