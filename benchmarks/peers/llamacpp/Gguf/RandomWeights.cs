using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SplitActors.Peers.LlamaCpp.Gguf;

/// <summary>Made-up weights: norms are 1; matrices have uniform codes and one constant scale, so that activations stay of a size that a real model has.</summary>
internal sealed class RandomWeights
{
    private const int ChunkBlocks = 1 << 15; // about 1 MiB in memory at a time
    private static readonly Half Q4Scale = (Half)0.005f;
    private static readonly Half Q8Scale = (Half)0.0003f;

    private readonly byte[] _chunk = new byte[ChunkBlocks * GgufTensor.BlockBytes(GgufType.Q8_0) / sizeof(ulong) * sizeof(ulong)];
    private ulong _state = 0x9E3779B97F4A7C15;

    public void Write(GgufTensor tensor, Stream stream)
    {
        if (tensor.Type == GgufType.Float32)
            WriteOnes(tensor.ElementCount, stream);
        else
            WriteBlocks(tensor, stream);
    }

    private static void WriteOnes(long count, Stream stream)
    {
        Span<byte> one = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(one, 1f);
        for (var i = 0L; i < count; i++)
            stream.Write(one);
    }

    private void WriteBlocks(GgufTensor tensor, Stream stream)
    {
        var blockBytes = GgufTensor.BlockBytes(tensor.Type);
        for (var left = tensor.ByteCount; left > 0;)
        {
            var chunk = _chunk.AsSpan(0, (int)Math.Min(left, (long)ChunkBlocks * blockBytes));
            FillRandom();
            for (var start = 0; start < chunk.Length; start += blockBytes)
                MakeBlock(tensor.Type, chunk.Slice(start, blockBytes));
            stream.Write(chunk);
            left -= chunk.Length;
        }
    }

    private static void MakeBlock(GgufType type, Span<byte> block)
    {
        BinaryPrimitives.WriteHalfLittleEndian(block, type == GgufType.Q4_0 ? Q4Scale : Q8Scale);
        if (type == GgufType.Q8_0)
            MemoryMarshal.Cast<byte, sbyte>(block[sizeof(ushort)..]).Replace(sbyte.MinValue, (sbyte)-sbyte.MaxValue); // no quantizer writes −128
    }

    /// <summary>Fills the buffer by xorshift64 [Marsaglia 2003].</summary>
    private void FillRandom()
    {
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(_chunk.AsSpan()))
        {
            _state ^= _state << 13;
            _state ^= _state >> 7;
            _state ^= _state << 17;
            word = _state;
        }
    }
}
