using System.Buffers.Binary;
using System.Security.Cryptography;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Tests.Compression.Entropy;

/// <summary>All frequencies of tables in one number.</summary>
internal static class FrequencyDigest
{
    /// <returns>SHA-256 of the frequencies of 256 symbols each, as 16-bit integers, little-endian.</returns>
    public static string Of(IEnumerable<RansTables> families)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        foreach (var tables in families)
        {
            for (var i = 0; i < tables.Count * RansTables.SymbolCountMax; i++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)tables.Frequency(i / RansTables.SymbolCountMax, i % RansTables.SymbolCountMax));
                hash.AppendData(bytes);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
