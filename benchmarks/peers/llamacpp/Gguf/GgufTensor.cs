using System.Collections.Immutable;

namespace SplitActors.Peers.LlamaCpp.Gguf;

/// <summary>How a tensor's elements are stored; the numbers are the file format's.</summary>
internal enum GgufType
{
    Float32 = 0,

    /// <summary>32 weights in 18 bytes: fp16 scale, 16 bytes of 4-bit codes.</summary>
    Q4_0 = 2,

    /// <summary>32 weights in 34 bytes: fp16 scale, 32 signed bytes.</summary>
    Q8_0 = 8,
}

/// <param name="Dimensions">Fastest first: a matrix [rows, columns] is (columns, rows).</param>
internal sealed record GgufTensor(string Name, GgufType Type, ImmutableArray<long> Dimensions)
{
    /// <summary>Weights that share a scale in the quantized types.</summary>
    public const int BlockElements = 32;

    public static GgufTensor Vector(string name, int size) => new(name, GgufType.Float32, [size]);

    /// <exception cref="ArgumentException">The type is quantized and a row is not a whole number of blocks.</exception>
    public static GgufTensor Matrix(string name, GgufType type, int rows, int columns)
    {
        if (type != GgufType.Float32 && columns % BlockElements != 0)
            throw new ArgumentException($"{name} has rows of {columns} weights, which is not a multiple of {BlockElements}.", nameof(columns));
        return new GgufTensor(name, type, [columns, rows]);
    }

    public long ElementCount => Dimensions.Aggregate(1L, (product, size) => product * size);

    public long ByteCount => Type == GgufType.Float32 ? ElementCount * sizeof(float) : ElementCount / BlockElements * BlockBytes(Type);

    public static int BlockBytes(GgufType type) => type switch
    {
        GgufType.Q4_0 => sizeof(ushort) + (BlockElements / 2),
        GgufType.Q8_0 => sizeof(ushort) + BlockElements,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no blocks"),
    };
}
