using System.Buffers.Binary;
using System.Numerics;

namespace SplitActors.Inference.Compression;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4): reflected, initial value and final xor 0xFFFFFFFF.</summary>
internal static class Crc32C
{
    /// <param name="bytes">What follows.</param>
    /// <param name="previous">Of all bytes before.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint previous = 0)
    {
        var crc = ~previous;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
