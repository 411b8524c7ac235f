using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Matrices with weights uniform in ±1, in files that are removed when this is disposed.</summary>
internal sealed class LinearFiles : IDisposable
{
    private readonly CheckpointBuilder _files = new();
    private readonly List<SafetensorsFile> _opened = [];
    private readonly NativeArena _arena = new();

    public void Dispose()
    {
        _opened.ForEach(file => file.Dispose());
        _files.Dispose();
    }

    /// <param name="type">How the weights are stored: a safetensors dtype for floats, else "int4/64" for 4 bits in groups of 64.</param>
    /// <param name="outputSize">Rows.</param>
    /// <param name="inputSize">Columns.</param>
    public Linear Create(string type, int outputSize, int inputSize)
    {
        var weights = KernelInputs.Floats(outputSize + inputSize, outputSize * inputSize);
        if (type.StartsWith("int", StringComparison.Ordinal))
        {
            var tensor = Open("F32", [outputSize, inputSize], SafetensorsWriter.Float32(weights));
            return new QuantizedLinear(QuantizedMatrix.Quantize(tensor, Parse(type), _arena));
        }

        return type switch
        {
            "F32" => new FloatLinear<Float32Weights>(Open(type, [outputSize, inputSize], SafetensorsWriter.Float32(weights)), outputSize, inputSize),
            "BF16" => new FloatLinear<BFloat16Weights>(Open(type, [outputSize, inputSize], SafetensorsWriter.BFloat16(weights)), outputSize, inputSize),
            _ => new FloatLinear<Float16Weights>(Open(type, [outputSize, inputSize], Float16(weights)), outputSize, inputSize),
        };
    }

    private static WeightFormat Parse(string type)
    {
        var parts = type["int".Length..].Split('/');
        return new WeightFormat(int.Parse(parts[0]), int.Parse(parts[1]));
    }

    private static byte[] Float16(float[] values) => MemoryMarshal.AsBytes<Half>([.. values.Select(value => (Half)value)]).ToArray();

    private Tensor Open(string type, int[] shape, byte[] data)
    {
        const string Name = "matrix";
        var path = $"{_opened.Count}.safetensors";
        _files.Write(path, SafetensorsWriter.ToBytes([new SyntheticTensor(Name, type, shape, data)]));
        _opened.Add(SafetensorsFile.Open(_files.PathTo(path)));
        return _opened[^1].GetTensor(Name);
    }
}
