using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Compression.KeyValues;

/// <summary>A filled cache, a part of it, and how it is grouped, made from a seed; printed as what is needed to make them again.</summary>
internal sealed record KvCase(int Seed, int LayerCount, int KvHeadCount, int HeadDim, KvFormat Format, int TokenCount, KvGrouping Grouping)
{
    /// <summary>The model's number of the cache's first layer.</summary>
    public const int FirstLayer = 3;

    public static Gen<KvCase> Gen { get; } =
        from seed in FsCheck.Fluent.Gen.Choose(0, int.MaxValue)
        from shape in FsCheck.Fluent.Gen.Elements((1, 1, 2), (2, 2, 64), (3, 1, 6), (2, 3, 10), (1, 2, 128))
        from format in FsCheck.Fluent.Gen.Elements(Enum.GetValues<KvFormat>())
        from tokenCount in FsCheck.Fluent.Gen.Elements(1, 2, 15, 16, 17, 70)
        from grouping in FsCheck.Fluent.Gen.Elements(Enum.GetValues<KvGrouping>())
        select new KvCase(seed, shape.Item1, shape.Item2, shape.Item3, format, tokenCount, grouping);

    public KvLayout Layout => new(LayerCount, KvHeadCount, HeadDim, Format);

    /// <summary>A random part, at least one layer and one position.</summary>
    public KvRange Range
    {
        get
        {
            var random = new Random(Seed);
            var (first, end) = (random.Next(LayerCount), random.Next(1, LayerCount + 1));
            var position = random.Next(TokenCount);
            return new KvRange(new LayerRange(FirstLayer + Math.Min(first, end - 1), FirstLayer + Math.Max(first + 1, end)), position, random.Next(1, TokenCount - position + 1));
        }
    }

    public KvCache Filled()
    {
        var random = new Random(Seed);
        var cache = Empty();
        cache.Reserve(0, TokenCount);
        var (key, value) = (new float[HeadDim], new float[HeadDim]);
        foreach (var (layer, head, position) in Places(TokenCount))
        {
            for (var i = 0; i < HeadDim; i++)
                (key[i], value[i]) = ((random.NextSingle() - 0.5f) * (i % 7 == 0 ? 40 : 4), (random.NextSingle() - random.NextSingle()) * 0.3f);
            if (random.Next(50) == 0)
                value[random.Next(HeadDim)] = float.NaN;
            cache.Write(layer, head, position, key, value);
        }

        return cache;
    }

    public KvCache Empty() => new(Layout, TokenCount + 5);

    public IEnumerable<(int Layer, int Head, int Position)> Places(int positionCount) =>
        from layer in Enumerable.Range(0, LayerCount)
        from head in Enumerable.Range(0, KvHeadCount)
        from position in Enumerable.Range(0, positionCount)
        select (layer, head, position);

    /// <summary>All stored bytes of the range.</summary>
    public byte[] Stored(KvCache cache, KvRange range)
    {
        var bytes = new List<byte>();
        var (key, value) = (new byte[KvStoredVector.ByteCount(Layout)], new byte[KvStoredVector.ByteCount(Layout)]);
        foreach (var (layer, head, position) in Within(range))
        {
            cache.ReadStored(layer, head, position, key, value);
            bytes.AddRange(key);
            bytes.AddRange(value);
        }

        return [.. bytes];
    }

    /// <summary>All keys and values of the range, in the order of the matrix that is coded.</summary>
    public float[] Matrix(KvCache cache, KvRange range)
    {
        var matrix = new KvMatrix(Grouping, range.Layers.Count, range.PositionCount, KvHeadCount, HeadDim);
        var values = new float[matrix.ValueCount];
        var stored = new byte[2][];
        var head = new float[HeadDim];
        foreach (var (layer, kvHead, position) in Within(range))
        {
            stored = [new byte[KvStoredVector.ByteCount(Layout)], new byte[KvStoredVector.ByteCount(Layout)]];
            cache.ReadStored(layer, kvHead, position, stored[0], stored[1]);
            var place = new KvHeadPlace(layer + FirstLayer - range.Layers.First, position - range.FirstPosition, kvHead);
            for (var part = 0; part < 2; part++)
            {
                KvStoredVector.Dequantize(Format, stored[part], head);
                matrix.CopyTo(values, place, isValue: part == 1, head);
            }
        }

        return values;
    }

    private IEnumerable<(int Layer, int Head, int Position)> Within(KvRange range) => Places(range.FirstPosition + range.PositionCount)
        .Where(place => place.Position >= range.FirstPosition && place.Layer + FirstLayer >= range.Layers.First && place.Layer + FirstLayer < range.Layers.End);
}
