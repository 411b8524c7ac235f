using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Small checkpoints that differ in one respect from <see cref="CheckpointBuilder"/>'s.</summary>
internal static class SyntheticModel
{
    /// <summary>A prompt within the default vocabulary of 48 and context of 64.</summary>
    public static int[] Prompt { get; } = [1, 7, 19, 40, 3, 3, 28, 11, 46];

    public static CheckpointBuilder Build(Action<CheckpointBuilder>? change = null)
    {
        var builder = new CheckpointBuilder().AddModelTensors();
        change?.Invoke(builder);
        return builder.WriteSingleFile();
    }

    public static LayerRange AllLayers(this Checkpoint checkpoint) => new(0, checkpoint.Config.LayerCount);

    /// <summary>Logits of the prompt and of two more tokens.</summary>
    public static float[][] Run(Segment front, Segment back)
    {
        var sequence = new Sequence(front, back);
        return [sequence.Feed(Prompt), sequence.Feed(5), sequence.Feed(6)];
    }

    public static float[][] Run(CheckpointBuilder files)
    {
        using var checkpoint = Checkpoint.Open(files.Folder);
        var whole = Segment.Load(checkpoint, checkpoint.AllLayers());
        return Run(whole, whole);
    }

    /// <summary>Changes the tensors whose name fits.</summary>
    public static void Replace(this CheckpointBuilder builder, Predicate<string> name, Func<SyntheticTensor, SyntheticTensor> change)
    {
        for (var i = 0; i < builder.Tensors.Count; i++)
        {
            if (name(builder.Tensors[i].Name))
                builder.Tensors[i] = change(builder.Tensors[i]);
        }
    }

    /// <summary>BF16 weights, rounded to F16.</summary>
    public static SyntheticTensor AsFloat16(SyntheticTensor tensor) => tensor with
    {
        Type = "F16",
        Data = MemoryMarshal.AsBytes<Half>([.. Values(tensor).Select(value => (Half)value)]).ToArray(),
    };

    /// <summary>BF16 weights, rounded to F16 and written as F32.</summary>
    public static SyntheticTensor AsFloat32OfFloat16(SyntheticTensor tensor) => tensor with
    {
        Type = "F32",
        Data = SafetensorsWriter.Float32([.. Values(tensor).Select(value => (float)(Half)value)]),
    };

    /// <summary>BF16 weights as F32.</summary>
    public static SyntheticTensor AsFloat32(SyntheticTensor tensor) =>
        tensor with { Type = "F32", Data = SafetensorsWriter.Float32([.. Values(tensor)]) };

    /// <summary>All weights NaN.</summary>
    public static SyntheticTensor AsNaN(SyntheticTensor tensor) =>
        tensor with { Data = SafetensorsWriter.BFloat16(Values(tensor).Select(_ => float.NaN)) };

    private static IEnumerable<float> Values(SyntheticTensor tensor) =>
        MemoryMarshal.Cast<byte, ushort>(tensor.Data).ToArray().Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));
}
