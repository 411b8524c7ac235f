using System.Buffers.Binary;
using System.Diagnostics;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.KvCaching;

/// <summary>
/// One key or value as it leaves a page: its D elements without gaps (codes of 4 bits two to a byte, the first in the low half), then, of the integer
/// formats, scale and minimum. All little-endian. Copying it loses nothing.
/// </summary>
internal static unsafe class KvStoredVector
{
    private const int GridBytes = 2 * sizeof(short);

    public static int ByteCount(KvLayout layout) => (layout.HeadDim * (int)layout.Format / 8) + (HasGrid(layout.Format) ? GridBytes : 0);

    /// <param name="layout">Of the page.</param>
    /// <param name="block">K or V of one layer and head.</param>
    /// <param name="slot">Position within the page.</param>
    /// <param name="first">Element of the first value.</param>
    /// <param name="stride">Elements from one to the next.</param>
    /// <param name="stored">[<see cref="ByteCount"/>]</param>
    public static void Gather(KvLayout layout, byte* block, int slot, int first, int stride, Span<byte> stored)
    {
        switch (layout.Format)
        {
            case KvFormat.Float32: Gather<float>(block, first, stride, stored); break;
            case KvFormat.Float16: Gather<short>(block, first, stride, stored); break;
            case KvFormat.Int8: Gather<byte>(block, first, stride, stored[..^GridBytes]); break;
            case KvFormat.Int4: GatherPairs(block, first, stride, stored[..^GridBytes]); break;
            default: throw new UnreachableException();
        }

        if (!HasGrid(layout.Format))
            return;
        var grids = Grids(layout, block);
        BinaryPrimitives.WriteInt16LittleEndian(stored[^GridBytes..], grids[slot]);
        BinaryPrimitives.WriteInt16LittleEndian(stored[^sizeof(short)..], grids[Lanes.Count + slot]);
    }

    /// <summary>The reverse of <see cref="Gather(KvLayout, byte*, int, int, int, Span{byte})"/>.</summary>
    public static void Scatter(KvLayout layout, byte* block, int slot, int first, int stride, ReadOnlySpan<byte> stored)
    {
        switch (layout.Format)
        {
            case KvFormat.Float32: Scatter<float>(block, first, stride, stored); break;
            case KvFormat.Float16: Scatter<short>(block, first, stride, stored); break;
            case KvFormat.Int8: Scatter<byte>(block, first, stride, stored[..^GridBytes]); break;
            case KvFormat.Int4: ScatterPairs(block, first, stride, stored[..^GridBytes]); break;
            default: throw new UnreachableException();
        }

        if (!HasGrid(layout.Format))
            return;
        var grids = Grids(layout, block);
        grids[slot] = BinaryPrimitives.ReadInt16LittleEndian(stored[^GridBytes..]);
        grids[Lanes.Count + slot] = BinaryPrimitives.ReadInt16LittleEndian(stored[^sizeof(short)..]);
    }

    /// <summary>What the attention reads; infinity and NaN of a half, which it reads as large numbers, stay what they are.</summary>
    /// <param name="format">Of the bytes.</param>
    /// <param name="stored">From <see cref="Gather(KvLayout, byte*, int, int, int, Span{byte})"/>.</param>
    /// <param name="values">[D]</param>
    public static void Dequantize(KvFormat format, ReadOnlySpan<byte> stored, Span<float> values)
    {
        var (scale, min) = HasGrid(format)
            ? ((float)BinaryPrimitives.ReadHalfLittleEndian(stored[^GridBytes..]), (float)BinaryPrimitives.ReadHalfLittleEndian(stored[^sizeof(short)..]))
            : default;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = format switch
            {
                KvFormat.Float32 => BinaryPrimitives.ReadSingleLittleEndian(stored[(i * sizeof(float))..]),
                KvFormat.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(stored[(i * sizeof(short))..]),
                KvFormat.Int8 => min + (scale * stored[i]),
                KvFormat.Int4 => min + (scale * ((stored[i / 2] >> (4 * (i & 1))) & 0xF)),
                _ => throw new UnreachableException(),
            };
        }
    }

    private static bool HasGrid(KvFormat format) => format is KvFormat.Int8 or KvFormat.Int4;

    private static short* Grids(KvLayout layout, byte* block) => (short*)(block + layout.BlockBytes - KvBlockGrid.ByteCount);

    private static void Gather<T>(byte* block, int first, int stride, Span<byte> stored)
        where T : unmanaged
    {
        for (var i = 0; i < stored.Length / sizeof(T); i++)
        {
            var element = new ReadOnlySpan<byte>((T*)block + first + (i * stride), sizeof(T));
            element.CopyTo(stored[(i * sizeof(T))..]);
            if (!BitConverter.IsLittleEndian)
                stored.Slice(i * sizeof(T), sizeof(T)).Reverse();
        }
    }

    private static void Scatter<T>(byte* block, int first, int stride, ReadOnlySpan<byte> stored)
        where T : unmanaged
    {
        for (var i = 0; i < stored.Length / sizeof(T); i++)
        {
            var element = new Span<byte>((T*)block + first + (i * stride), sizeof(T));
            stored.Slice(i * sizeof(T), sizeof(T)).CopyTo(element);
            if (!BitConverter.IsLittleEndian)
                element.Reverse();
        }
    }

    private static void GatherPairs(byte* block, int first, int stride, Span<byte> stored)
    {
        for (var i = 0; i < stored.Length; i++)
            stored[i] = (byte)(Code(block, first + (2 * i * stride)) | (Code(block, first + (((2 * i) + 1) * stride)) << 4));
    }

    private static int Code(byte* block, int element) => (block[element >> 1] >> (4 * (element & 1))) & 0xF;

    private static void ScatterPairs(byte* block, int first, int stride, ReadOnlySpan<byte> stored)
    {
        for (var i = 0; i < 2 * stored.Length; i++)
        {
            var element = first + (i * stride);
            var shift = 4 * (element & 1);
            var code = (stored[i >> 1] >> (4 * (i & 1))) & 0xF;
            block[element >> 1] = (byte)((block[element >> 1] & ~(0xF << shift)) | (code << shift));
        }
    }
}
