using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class TensorReaderTests : IDisposable
{
    private readonly CheckpointBuilder _builder = new();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void CopyTo_EachType_IsExact()
    {
        float[] values = [0, -0f, 1, -1.5f, 0.375f, 240, -0.0078125f]; // representable in all three
        _builder.Add("bf16", "BF16", [7], SafetensorsWriter.BFloat16(values));
        _builder.Add("f16", "F16", [7], MemoryMarshal.AsBytes<Half>([.. values.Select(v => (Half)v)]).ToArray());
        _builder.Add("f32", "F32", [7], SafetensorsWriter.Float32(values));
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        foreach (var tensor in checkpoint.Tensors)
        {
            var copy = new float[7];
            checkpoint.GetTensor(tensor.Name, 7).CopyTo(copy);
            Assert.Equal(MemoryMarshal.Cast<float, uint>(values), MemoryMarshal.Cast<float, uint>(copy));
        }
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.NegativeInfinity, "-")]
    public void EnsureFinite_NonFiniteWeight_NamesFileTensorAndIndex(float weight, string shown)
    {
        var values = new float[40];
        values[37] = weight;
        _builder.Add("x", "BF16", [5, 8], SafetensorsWriter.BFloat16(values));
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        CheckpointAssert.Refuses(
            checkpoint.GetTensor("x").EnsureFinite, _builder.PathTo("model.safetensors"), "tensor 'x', element 37", "finite", shown);
    }

    [Fact]
    public void CopyTo_IntegerWeights_AreUnsupported()
    {
        _builder.Add("x", "I8", [4], [1, 2, 3, 4]);
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        var tensor = checkpoint.GetTensor("x", 4);
        CheckpointAssert.Refuses(() => tensor.CopyTo(new float[4]), "tensor 'x', dtype", "BF16, F16 or F32", "I8");
        CheckpointAssert.Refuses(tensor.EnsureFinite, "tensor 'x', dtype");
    }

    [Fact]
    public void CopyTo_WrongLength_Throws()
    {
        _builder.Add("x", "F32", [2, 2], SafetensorsWriter.Float32(1, 2, 3, 4));
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        var tensor = checkpoint.GetTensor("x");
        Assert.Throws<ArgumentException>(() => tensor.CopyTo(new float[3]));
        Assert.Throws<ArgumentException>(() => tensor.CopyRowTo(0, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.CopyRowTo(2, new float[2]));
    }
}
