using System.Buffers.Binary;
using Google.Protobuf;

namespace SplitActors.Simulation.Arithmetic;

/// <summary>What rows of a front are as they travel.</summary>
internal enum ChainContent : byte
{
    HiddenStates = 1,
    KeysAndValues = 2,
}

/// <summary>
/// A stand-in for a compressed frame: rows that mean something else to a reader of another split or content, each of its own size, and a checksum over all.
/// <code>row: u64 code = value ⊕ key, (code mod 32)·8 bytes that follow from it;   at the end: u64 checksum</code>
/// </summary>
internal static class ChainFrame
{
    private const int WordBytes = sizeof(ulong);
    private const ulong FillerWordsMax = 32; // so that rows have 8 to 256 bytes

    public static ByteString Encode(ReadOnlySpan<ulong> rows, int splitLayer, ChainContent content)
    {
        var key = Key(splitLayer, content);
        var size = WordBytes;
        foreach (var row in rows)
            size += RowBytes(row ^ key);
        var bytes = new byte[size];
        var rest = bytes.AsSpan();
        foreach (var row in rows)
        {
            var code = row ^ key;
            for (var at = 0; at < RowBytes(code); at += WordBytes)
                BinaryPrimitives.WriteUInt64LittleEndian(rest[at..], at == 0 ? code : TokenChain.Mix(code, (ulong)at));
            rest = rest[RowBytes(code)..];
        }

        BinaryPrimitives.WriteUInt64LittleEndian(rest, Checksum(bytes.AsSpan(0, size - WordBytes)));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>Fills <paramref name="rows"/> from a frame that has exactly as many.</summary>
    /// <returns>False if the frame is damaged or has another number of rows.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, int splitLayer, ChainContent content, Span<ulong> rows)
    {
        if (bytes.Length < WordBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^WordBytes..]) != Checksum(bytes[..^WordBytes]))
            return false;
        var rest = bytes[..^WordBytes];
        for (var i = 0; i < rows.Length; i++)
        {
            if (rest.Length < WordBytes)
                return false;
            var code = BinaryPrimitives.ReadUInt64LittleEndian(rest);
            if (rest.Length < RowBytes(code))
                return false;
            rows[i] = code ^ Key(splitLayer, content);
            rest = rest[RowBytes(code)..];
        }

        return rest.IsEmpty;
    }

    private static int RowBytes(ulong code) => WordBytes * (1 + (int)(code % FillerWordsMax));

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
