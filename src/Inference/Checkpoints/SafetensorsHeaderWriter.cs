using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace SplitActors.Inference.Checkpoints;

/// <summary>A tensor of a file that is yet to be written.</summary>
internal sealed record PlannedTensor(string Name, TensorType Type, int[] Shape, long ByteCount);

/// <summary>The header of a safetensors file, filled up with spaces so that the data begins at a multiple of 64 bytes.</summary>
internal static class SafetensorsHeaderWriter
{
    /// <summary>One cache line, one 512-bit register.</summary>
    public const int DataAlignment = 64;

    /// <param name="tensors">In the order of their data.</param>
    /// <param name="metadata">Free-form strings.</param>
    /// <returns>All bytes before the data.</returns>
    public static byte[] ToBytes(IEnumerable<PlannedTensor> tensors, params ReadOnlySpan<(string Name, string Value)> metadata)
    {
        var strings = new JsonObject();
        foreach (var (name, value) in metadata)
            strings[name] = value;
        var header = new JsonObject { ["__metadata__"] = strings };
        var end = 0L;
        foreach (var tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = $"{tensor.Type}",
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(end, end += tensor.ByteCount),
            };
        }

        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var byteCount = (SafetensorsHeader.PrefixBytes + json.Length + DataAlignment - 1) / DataAlignment * DataAlignment;
        var bytes = new byte[byteCount];
        bytes.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(bytes, byteCount - SafetensorsHeader.PrefixBytes);
        json.CopyTo(bytes, SafetensorsHeader.PrefixBytes);
        return bytes;
    }
}
