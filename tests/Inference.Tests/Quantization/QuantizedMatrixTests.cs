using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Quantization;

public sealed unsafe class QuantizedMatrixTests : IDisposable
{
    private const string Name = "matrix";

    private readonly CheckpointBuilder _files = new();
    private readonly List<SafetensorsFile> _opened = [];

    public void Dispose()
    {
        _opened.ForEach(file => file.Dispose());
        _files.Dispose();
    }

    [Fact]
    public void CopyRow_AnyMatrix_IsScaleTimesLevel() => Property.Holds(200, QuantizationCase.Any, matrix =>
    {
        var weights = Weights(matrix);
        var quantized = QuantizedMatrix.Quantize(Float32(matrix, weights), matrix.Format, new NativeArena());
        var codes = new byte[matrix.Layout.BlockCount * TileLayout.BlockColumns];
        var scales = new Half[matrix.Layout.GroupCount];
        var copied = new float[matrix.ColumnCount];
        for (var row = 0; row < matrix.RowCount; row++)
        {
            WeightQuantizer.Quantize(weights.AsSpan(row * matrix.ColumnCount, matrix.ColumnCount), matrix.Format, codes, scales);
            quantized.CopyRow(row, copied);
            Assert.Equal(copied.Select((_, i) => (float)scales[i / matrix.Format.GroupSize] * (codes[i] - matrix.Format.ZeroCode)), copied);
        }
    });

    [Fact]
    public void Quantize_AnyMatrix_PadsWithWeightZero() => Property.Holds(200, QuantizationCase.Any, matrix =>
    {
        var layout = matrix.Layout;
        var quantized = QuantizedMatrix.Quantize(Float32(matrix, Weights(matrix)), matrix.Format, new NativeArena());
        Assert.Equal(0, (nint)quantized.Pointer % TileLayout.PlaneBytes);
        var last = new ReadOnlySpan<byte>(quantized.Pointer + ((layout.TileCount - 1) * layout.TileBytes), (int)layout.TileBytes);
        var padded = new float[layout.BlockCount * TileLayout.BlockColumns];
        for (var row = 0; row < TileLayout.TileRows; row++)
        {
            var isPadding = ((layout.TileCount - 1) * TileLayout.TileRows) + row >= layout.RowCount;
            TileReader.CopyRow(new TileLayout(layout.RowCount, padded.Length, layout.Format), last, row, padded);
            Assert.All(padded[(isPadding ? 0 : layout.ColumnCount)..], weight => Assert.Equal(0f, weight));
        }

        GC.KeepAlive(quantized);
    });

    [Fact]
    public void Quantize_TypesOfOneValue_GiveTheSameBytes()
    {
        float[] weights = [.. Enumerable.Range(0, 3 * 40).Select(i => (i - 60) / 64f)]; // exact in all three types
        var single = Open("F32", [3, 40], SafetensorsWriter.Float32(weights));
        var brain = Open("BF16", [3, 40], SafetensorsWriter.BFloat16(weights));
        var half = Open("F16", [3, 40], MemoryMarshal.AsBytes<Half>([.. weights.Select(weight => (Half)weight)]).ToArray());
        var expected = PackageWorld.Bytes(QuantizedMatrix.Quantize(single, new WeightFormat(4), new NativeArena()));
        Assert.Equal(expected, PackageWorld.Bytes(QuantizedMatrix.Quantize(brain, new WeightFormat(4), new NativeArena())));
        Assert.Equal(expected, PackageWorld.Bytes(QuantizedMatrix.Quantize(half, new WeightFormat(4), new NativeArena())));
    }

    [Fact]
    public void Quantize_SeveralThreads_GiveTheSameBytes()
    {
        using var threads = new ComputeThreads(3);
        Property.Holds(50, QuantizationCase.Any, matrix =>
        {
            var tensor = Float32(matrix, Weights(matrix));
            var alone = QuantizedMatrix.Quantize(tensor, matrix.Format, new NativeArena());
            Assert.Equal(PackageWorld.Bytes(alone), PackageWorld.Bytes(QuantizedMatrix.Quantize(tensor, matrix.Format, new NativeArena(), threads)));
        });
    }

    [Fact]
    public void Quantize_NotFinite_NamesTheElement()
    {
        var tensor = Open("F32", [1, 3], SafetensorsWriter.Float32([1, float.NaN, 2]));
        CheckpointAssert.Refuses(() => QuantizedMatrix.Quantize(tensor, new WeightFormat(4), new NativeArena()), Name, "element 1", "NaN");
    }

    [Fact]
    public void CopyRow_AllocatesNothing()
    {
        var matrix = new QuantizationCase(20, 200, new WeightFormat(3), Seed: 1, Exponent: 0);
        var quantized = QuantizedMatrix.Quantize(Float32(matrix, Weights(matrix)), matrix.Format, new NativeArena());
        var row = new float[200];
        quantized.CopyRow(0, row);
        Assert.Equal(0, Allocations.LeastBytes(() => quantized.CopyRow(19, row)));
    }

    [Theory]
    [InlineData(-1, 200)]
    [InlineData(20, 200)]
    [InlineData(0, 199)]
    public void CopyRow_OutsideOfTheMatrix_Throws(int row, int floats)
    {
        var matrix = new QuantizationCase(20, 200, new WeightFormat(8), Seed: 1, Exponent: 0);
        var quantized = QuantizedMatrix.Quantize(Float32(matrix, Weights(matrix)), matrix.Format, new NativeArena());
        Assert.Throws<ArgumentException>(() => quantized.CopyRow(row, new float[floats]));
    }

    [Fact]
    public void FromTensor_WrittenTiles_AreReadWhereTheyAreMapped()
    {
        var matrix = new QuantizationCase(20, 200, new WeightFormat(4, 64), Seed: 1, Exponent: 0);
        var quantized = QuantizedMatrix.Quantize(Float32(matrix, Weights(matrix)), matrix.Format, new NativeArena());
        var tensor = OpenTiles(PackageWorld.Bytes(quantized));
        var mapped = QuantizedMatrix.FromTensor(tensor, matrix.Layout);
        Assert.Equal((nint)tensor.Pointer, (nint)mapped.Pointer);
        Assert.Equal((true, false), (mapped.IsMapped, quantized.IsMapped));
        Assert.Equal(PackageWorld.Bytes(quantized), PackageWorld.Bytes(mapped));
    }

    [Fact]
    public void FromTensor_OtherSize_NamesBoth()
    {
        var layout = new TileLayout(20, 200, new WeightFormat(4, 64));
        var tensor = OpenTiles(new byte[layout.ByteCount - 64]);
        CheckpointAssert.Refuses(
            () => QuantizedMatrix.FromTensor(tensor, layout), Name, $"{layout.ByteCount} bytes", $"{layout.ByteCount - 64} bytes", "quantize");
    }

    [Fact]
    public void FromTensor_OtherType_IsRefused()
    {
        var layout = new TileLayout(16, 32, new WeightFormat(4));
        var tensor = Open("I8", [(int)layout.ByteCount], new byte[layout.ByteCount]);
        CheckpointAssert.Refuses(() => QuantizedMatrix.FromTensor(tensor, layout), Name, "U8", "I8");
    }

    [Theory]
    [InlineData(0x7c00)] // +∞
    [InlineData(0xfe00)] // NaN
    public void FromTensor_ScaleNotFinite_NamesIt(int bits)
    {
        var layout = new TileLayout(32, 64, new WeightFormat(4));
        var tiles = new byte[layout.ByteCount];
        MemoryMarshal.Cast<byte, ushort>(tiles.AsSpan((int)layout.TileBytes))[7] = (ushort)bits;
        CheckpointAssert.Refuses(() => QuantizedMatrix.FromTensor(OpenTiles(tiles), layout), Name, "tile 1, scale 7", "a finite number");
    }

    [Fact]
    public void FromTensor_NotAligned_IsRefused()
    {
        var layout = new TileLayout(16, 32, new WeightFormat(4));
        var tensor = OpenTiles(new byte[layout.ByteCount], headerPadding: 8);
        CheckpointAssert.Refuses(() => QuantizedMatrix.FromTensor(tensor, layout), Name, "a multiple of 64 bytes");
    }

    private static float[] Weights(QuantizationCase matrix) => (matrix with { ColumnCount = matrix.RowCount * matrix.ColumnCount }).Weights();

    private Tensor Float32(QuantizationCase matrix, float[] weights) =>
        Open("F32", [matrix.RowCount, matrix.ColumnCount], SafetensorsWriter.Float32(weights));

    private Tensor Open(string type, int[] shape, byte[] data) => Open(SafetensorsWriter.ToBytes([new SyntheticTensor(Name, type, shape, data)]));

    private Tensor OpenTiles(byte[] tiles, int headerPadding = 0)
    {
        var header = $$"""{"{{Name}}":{"dtype":"U8","shape":[{{tiles.Length}}],"data_offsets":[0,{{tiles.Length}}]} }""";
        return Open(SafetensorsWriter.ToBytes(header.PadRight(120 + headerPadding), tiles));
    }

    private Tensor Open(byte[] file)
    {
        var path = $"{_opened.Count}.safetensors";
        _files.Write(path, file);
        _opened.Add(SafetensorsFile.Open(_files.PathTo(path)));
        return _opened[^1].GetTensor(Name);
    }
}
