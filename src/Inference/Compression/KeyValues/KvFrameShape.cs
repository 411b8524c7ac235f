using System.Buffers;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>
/// The start of a payload of keys and values. The frame's header has the positions as rows and D as width; here follow one byte for the form (codec 0:
/// bits of a stored value; TAB-Q: <see cref="KvGrouping"/>), then as varints first layer, layers, KV heads and first position.
/// </summary>
internal readonly record struct KvFrameShape(byte Form, KvRange Range, int KvHeadCount, int HeadDim)
{
    public const int BytesMin = 5;

    /// <summary>Most layers of a model.</summary>
    public const int LayersMax = 1 << 16;

    /// <summary>Keys and values: one each for every layer, position and head.</summary>
    public int VectorCount => 2 * Range.Layers.Count * Range.PositionCount * KvHeadCount;

    /// <summary>Of TAB-Q.</summary>
    public KvMatrix Matrix => new((KvGrouping)Form, Range.Layers.Count, Range.PositionCount, KvHeadCount, HeadDim);

    /// <summary>All heads, as the stored form has them: by layer, position, head.</summary>
    public IEnumerable<KvHeadPlace> Heads
    {
        get
        {
            for (var layer = 0; layer < Range.Layers.Count; layer++)
            {
                for (var position = 0; position < Range.PositionCount; position++)
                {
                    for (var kvHead = 0; kvHead < KvHeadCount; kvHead++)
                        yield return new KvHeadPlace(layer, position, kvHead);
                }
            }
        }
    }

    public static byte FormOf(KvFormat format) => (byte)format;

    public static byte FormOf(KvGrouping grouping) => (byte)grouping;

    public void Write(IBufferWriter<byte> writer)
    {
        writer.GetSpan(1)[0] = Form;
        writer.Advance(1);
        VarInt.Write(writer, (uint)Range.Layers.First);
        VarInt.Write(writer, (uint)Range.Layers.Count);
        VarInt.Write(writer, (uint)KvHeadCount);
        VarInt.Write(writer, (uint)Range.FirstPosition);
    }

    /// <summary>Reads and checks it: afterwards all products of its sizes are within <see cref="FrameLimits.ValuesMax"/>.</summary>
    public static DecodeStatus TryRead(FrameHeader header, ref ByteReader reader, out KvFrameShape shape)
    {
        shape = default;
        if (!reader.TryReadByte(out var form) || !IsForm(header.Codec, form))
            return DecodeStatus.Malformed;
        if (!reader.TryReadVarInt(out var firstLayer) || !reader.TryReadVarInt(out var layerCount) || !reader.TryReadVarInt(out var kvHeadCount) || !reader.TryReadVarInt(out var firstPosition))
            return DecodeStatus.Malformed;
        if (layerCount == 0 || kvHeadCount == 0 || header.Width % 2 != 0)
            return DecodeStatus.Malformed;
        if (firstLayer > LayersMax || layerCount > LayersMax || kvHeadCount > FrameLimits.WidthMax || firstPosition > int.MaxValue - header.Rows)
            return DecodeStatus.TooLarge;
        var vectorCount = 2UL * layerCount * kvHeadCount * (ulong)header.Rows;
        if (vectorCount > FrameLimits.ValuesMax / (ulong)header.Width || kvHeadCount * (ulong)header.Width > FrameLimits.WidthMax)
            return DecodeStatus.TooLarge;
        var layers = new LayerRange((int)firstLayer, (int)(firstLayer + layerCount));
        shape = new KvFrameShape(form, new KvRange(layers, (int)firstPosition, header.Rows), (int)kvHeadCount, header.Width);
        return DecodeStatus.Ok;
    }

    private static bool IsForm(FrameCodec codec, byte form) => codec == FrameCodec.None
        ? (KvFormat)form is KvFormat.Float32 or KvFormat.Float16 or KvFormat.Int8 or KvFormat.Int4
        : (KvGrouping)form is KvGrouping.Head or KvGrouping.Layer or KvGrouping.Channel;
}

/// <summary>One KV head of a layer at a position, each counted from the frame's first.</summary>
internal readonly record struct KvHeadPlace(int Layer, int Position, int KvHead);
