using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Models;

/// <summary>Quill with every weight in F32, exactly, under a configuration that says bfloat16.</summary>
internal static class Float32Quill
{
    public static CheckpointBuilder Write()
    {
        var copy = Quill.Copy().Delete("SHA256SUMS");
        using var source = Checkpoint.Open(Repository.Quill);
        foreach (var info in source.Tensors)
        {
            var weights = new float[info.ElementCount];
            source.GetTensor(info.Name).CopyTo(weights);
            copy.Add(info.Name, "F32", [.. info.Shape], MemoryMarshal.AsBytes<float>(weights).ToArray());
        }

        return copy.Write("model.safetensors", SafetensorsWriter.ToBytes(copy.Tensors));
    }
}
