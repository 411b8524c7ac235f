using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace SplitActors.Tests.Shared;

/// <summary>Writes the safetensors format, well-formed (from tensors) or not (from any header text).</summary>
internal static class SafetensorsWriter
{
    private const int HeaderAlignment = 8;

    public static byte[] ToBytes(IEnumerable<SyntheticTensor> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var data = new List<byte>();
        foreach (var tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.Type,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(data.Count, data.Count + tensor.Data.Length),
            };
            data.AddRange(tensor.Data);
        }

        var json = header.ToJsonString();
        return ToBytes(json.PadRight((json.Length + HeaderAlignment - 1) / HeaderAlignment * HeaderAlignment), [.. data]);
    }

    public static byte[] ToBytes(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var prefix = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        return [.. prefix, .. json, .. data];
    }

    /// <summary>The upper halves of the floats: values are cut to BF16, not rounded.</summary>
    public static byte[] BFloat16(IEnumerable<float> values) =>
        MemoryMarshal.AsBytes<ushort>([.. values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))]).ToArray();

    public static byte[] Float32(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
