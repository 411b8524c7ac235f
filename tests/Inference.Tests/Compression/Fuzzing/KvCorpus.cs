using System.Collections.Immutable;
using System.Runtime.InteropServices;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>Frames of keys and values of every format and grouping, each made from its number, and caches to decode them into.</summary>
/// <param name="checksum">Ends the frames that are put together here.</param>
internal sealed class KvCorpus(FrameChecksum checksum)
{
    /// <summary>The model's number of the caches' first layer.</summary>
    public const int FirstLayer = 3;

    /// <summary>Positions that the caches hold.</summary>
    public const int PositionCount = 5;

    private const int LayerCount = 2;
    private const int KvHeadCount = 2;
    private const int HeadDim = 6;
    private const int PositionsMax = PositionCount + 4;
    private const int GridBytes = 4;

    private static readonly KvRange Whole = new(new LayerRange(FirstLayer, FirstLayer + LayerCount), 0, PositionCount);

    public static ImmutableArray<KvFormat> Formats { get; } = [.. Enum.GetValues<KvFormat>()];

    /// <summary>As stored in every format, and by TAB-Q in every grouping, in turn.</summary>
    public byte[] Frame(int number)
    {
        var random = new Random(number);
        var isStored = number % 2 == 0;
        var format = isStored ? Formats[number / 2 % Formats.Length] : KvFormat.Float32;
        using var cache = NewCache(format);
        Fill(cache, number);
        var options = isStored ? KvFrameOptions.Lossless : new KvFrameOptions { Grouping = Enum.GetValues<KvGrouping>()[number / 2 % 3] };
        var (layer, position) = (random.Next(LayerCount), random.Next(PositionCount));
        var layers = new LayerRange(FirstLayer + layer, FirstLayer + random.Next(layer, LayerCount) + 1);
        return new KvFrameEncoder(options).Encode(cache, new KvRange(layers, position, random.Next(PositionCount - position) + 1), FirstLayer).Bytes.ToArray();
    }

    public static KvCache NewCache(KvFormat format) => new(new KvLayout(LayerCount, KvHeadCount, HeadDim, format), PositionsMax);

    /// <summary>Fills a cache of <see cref="NewCache"/> with <see cref="PositionCount"/> positions.</summary>
    /// <returns>The frame that does it.</returns>
    public byte[] Fill(KvCache cache, int seed)
    {
        var format = cache.Layout.Format;
        var random = new Random(seed);
        byte[] stored;
        if (format == KvFormat.Float32)
        {
            var values = new float[2 * LayerCount * PositionCount * KvHeadCount * HeadDim];
            HiddenValues.Fill(random, values);
            stored = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        }
        else
        {
            var vectorBytes = (HeadDim * (int)format / 8) + (format is KvFormat.Int8 or KvFormat.Int4 ? GridBytes : 0);
            stored = new byte[2 * LayerCount * PositionCount * KvHeadCount * vectorBytes];
            random.NextBytes(stored);
        }

        byte[] frame = [0xA2, 0x20, PositionCount, 2 * HeadDim, (byte)format, FirstLayer, LayerCount, KvHeadCount, 0, .. stored, .. new byte[FrameChecksum.ByteCount]];
        checksum.Repair(frame);
        var status = KvFrameDecoder.Decode(frame, cache, FirstLayer);
        return status == DecodeStatus.Ok ? frame : throw new InvalidOperationException($"A whole cache of {format} did not decode: {status}.");
    }

    /// <summary>All that a cache holds.</summary>
    public static byte[] Snapshot(KvCache cache) => Snapshot(cache, Whole with { PositionCount = cache.TokenCount });

    public static byte[] Snapshot(KvCache cache, KvRange range) => new KvFrameEncoder(KvFrameOptions.Lossless).Encode(cache, range, FirstLayer).Bytes.ToArray();
}
