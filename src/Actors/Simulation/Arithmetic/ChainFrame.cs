using System.Buffers.Binary;
using Google.Protobuf;

namespace SplitActors.Actors.Simulation.Arithmetic;

/// <summary>What rows of a front are as they travel.</summary>
internal enum ChainContent : byte
{
    HiddenStates = 1,
    KeysAndValues = 2,
}

/// <summary>
/// A stand-in for a compressed frame: rows that only a reader of the same split and content understands, each of its own size, and a checksum over all.
/// <code>row: u64 value ⊕ key, (value mod 32)·8 bytes that follow from it;   at the end: u64 checksum</code>
/// </summary>
internal static class ChainFrame
{
    private const int WordBytes = sizeof(ulong);
    private const ulong FillerWordsMax = 32; // a row has 8 to 256 bytes, about what a hidden state of 2,048 values takes compressed is its most

    public static ByteString Encode(ReadOnlySpan<ulong> rows, int splitLayer, ChainContent content)
    {
        var size = WordBytes;
        foreach (var row in rows)
            size += WordBytes * (1 + FillerWords(row));
        var bytes = new byte[size];
        var rest = bytes.AsSpan();
        foreach (var row in rows)
        {
            var count = 1 + FillerWords(row);
            for (var word = 0; word < count; word++)
                BinaryPrimitives.WriteUInt64LittleEndian(rest[(word * WordBytes)..], Word(row, word) ^ Key(splitLayer, content));
            rest = rest[(count * WordBytes)..];
        }

        BinaryPrimitives.WriteUInt64LittleEndian(rest, Checksum(bytes.AsSpan(0, size - WordBytes)));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>Fills <paramref name="rows"/> from a frame that has exactly as many.</summary>
    /// <returns>False if the frame is damaged or another one than was expected.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, int splitLayer, ChainContent content, Span<ulong> rows)
    {
        if (bytes.Length < WordBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^WordBytes..]) != Checksum(bytes[..^WordBytes]))
            return false;
        var rest = bytes[..^WordBytes];
        for (var i = 0; i < rows.Length; i++)
        {
            if (rest.Length < WordBytes)
                return false;
            rows[i] = BinaryPrimitives.ReadUInt64LittleEndian(rest) ^ Key(splitLayer, content);
            var length = WordBytes * (1 + FillerWords(rows[i]));
            if (rest.Length < length)
                return false;
            rest = rest[length..];
        }

        return rest.IsEmpty;
    }

    private static int FillerWords(ulong row) => (int)(row % FillerWordsMax);

    private static ulong Word(ulong row, int word) => word == 0 ? row : TokenChain.Mix(row, (ulong)word);

    private static ulong Key(int splitLayer, ChainContent content) => TokenChain.Mix((ulong)splitLayer, (ulong)content);

    private static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = (ulong)bytes.Length;
        for (; bytes.Length >= WordBytes; bytes = bytes[WordBytes..])
            sum = TokenChain.Mix(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            sum = TokenChain.Mix(sum, value);
        return sum;
    }
}
