using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>How an <see cref="AbsmaxTransport"/> sends a scale.</summary>
public enum ScaleType
{
    Float16,
    Float32,
}

/// <summary>
/// What runtimes send that have no codec: blocks of neighbouring values share a scale s = max |x| / Q_max, Q_max = 2^(bits−1) − 1, and each value is the
/// code round(x/s). A block is its scale and then its codes, two to a byte at 4 bits; there is no header. The last block of a token may be shorter.
/// The values must be finite.
/// </summary>
/// <param name="bits">8 or 4.</param>
/// <param name="blockSize">Values that share a scale; a token if it is narrower.</param>
/// <param name="scaleType">Of the scale on the wire. The codes come from the scale before it is rounded.</param>
public sealed class AbsmaxTransport(int bits, int blockSize, ScaleType scaleType) : IHiddenStateTransport
{
    /// <summary>A block as wide as any token.</summary>
    public const int WholeToken = int.MaxValue;

    private readonly int _levelMax = (1 << (bits - 1)) - 1;
    private readonly int _scaleBytes = scaleType == ScaleType.Float16 ? sizeof(ushort) : sizeof(float);
    private byte[] _bytes = [];
    private sbyte[] _codes = [];  // [block]

    public ReadOnlySpan<byte> Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<int> tokens, int width)
    {
        var byteCount = tokens.Length * TokenBytes(width);
        if (_bytes.Length < byteCount)
            _bytes = new byte[byteCount];
        var position = 0;
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            for (var column = 0; column < width;)
            {
                var block = hidden[column..width][..Math.Min(blockSize, width - column)];
                position += EncodeBlock(block, _bytes.AsSpan(position));
                column += block.Length;
            }
        }

        return _bytes.AsSpan(0, byteCount);
    }

    public void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> tokens, Span<float> hidden, int width)
    {
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            for (var column = 0; column < width;)
            {
                var block = hidden[column..width][..Math.Min(blockSize, width - column)];
                bytes = bytes[DecodeBlock(bytes, block)..];
                column += block.Length;
            }
        }
    }

    private int TokenBytes(int width) =>
        (width / blockSize * BlockBytes(blockSize)) + (width % blockSize == 0 ? 0 : BlockBytes(width % blockSize));

    private int BlockBytes(int count) => _scaleBytes + CodeBytes(count);

    private int CodeBytes(int count) => bits == 8 ? count : (count + 1) / 2;

    private int EncodeBlock(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        var scale = AbsmaxKernel.Absmax(values) / _levelMax;
        if (scaleType == ScaleType.Float16)
            BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)scale);
        else
            BinaryPrimitives.WriteSingleLittleEndian(bytes, scale);
        var codes = Codes(values.Length);
        AbsmaxKernel.Quantize(values, scale > 0 ? 1 / scale : 0, codes);
        Pack(codes, bytes[_scaleBytes..]);
        return BlockBytes(values.Length);
    }

    private int DecodeBlock(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        var scale = scaleType == ScaleType.Float16 ? (float)BinaryPrimitives.ReadHalfLittleEndian(bytes) : BinaryPrimitives.ReadSingleLittleEndian(bytes);
        var codes = Codes(values.Length);
        Unpack(bytes[_scaleBytes..], codes);
        AbsmaxKernel.Dequantize(codes, scale, values);
        return BlockBytes(values.Length);
    }

    private void Pack(ReadOnlySpan<sbyte> codes, Span<byte> bytes)
    {
        if (bits == 8)
        {
            MemoryMarshal.AsBytes(codes).CopyTo(bytes);
            return;
        }

        for (var i = 0; i < codes.Length; i += 2)
            bytes[i / 2] = (byte)((codes[i] & 0xF) | (i + 1 < codes.Length ? codes[i + 1] << 4 : 0));
    }

    private void Unpack(ReadOnlySpan<byte> bytes, Span<sbyte> codes)
    {
        if (bits == 8)
        {
            bytes[..codes.Length].CopyTo(MemoryMarshal.AsBytes(codes));
            return;
        }

        for (var i = 0; i < codes.Length; i++)
            codes[i] = (sbyte)((sbyte)(bytes[i / 2] << (4 * (1 - (i & 1)))) >> 4);
    }

    private Span<sbyte> Codes(int count)
    {
        if (_codes.Length < count)
            _codes = new sbyte[count];
        return _codes.AsSpan(0, count);
    }
}
