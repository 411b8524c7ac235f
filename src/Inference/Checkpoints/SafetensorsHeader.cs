using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// The header of a safetensors file: 8 bytes with its length N (little-endian), then N bytes of JSON that give each tensor's
/// dtype, shape and data_offsets [begin, end) counted from byte 8 + N. Every byte of the file after the header belongs to
/// exactly one tensor. Source: https://huggingface.co/docs/safetensors.
/// </summary>
internal sealed record SafetensorsHeader(
    IReadOnlyDictionary<string, TensorInfo> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    public const int PrefixBytes = 8;

    /// <summary>The format's own limit.</summary>
    public const int HeaderBytesMax = 100_000_000;

    private const string MetadataName = "__metadata__";

    /// <exception cref="UserErrorException">The header is not well-formed or does not describe the file exactly.</exception>
    public static SafetensorsHeader Read(MappedFile file)
    {
        var headerBytes = ReadLength(file);
        var json = file.Slice(PrefixBytes, headerBytes);
        if (json[0] != (byte)'{')
            throw CheckpointError.At($"{file.Path}, header", "'{' as its first byte", $"byte 0x{json[0]:x2}");

        var dataOffset = PrefixBytes + headerBytes;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in JsonFields.Parse($"{file.Path}, header", json).Entries())
        {
            if (name == MetadataName)
                ReadMetadata(file.Path, value, metadata);
            else
                tensors.Add(name, ReadTensor(file, dataOffset, name, value));
        }

        EnsureCovered(file, dataOffset, tensors.Values);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static int ReadLength(MappedFile file)
    {
        if (file.Length < PrefixBytes)
            throw CheckpointError.At(file.Path, $"at least {PrefixBytes} bytes", $"{file.Length} bytes");

        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, PrefixBytes));
        var available = (ulong)Math.Min(file.Length - PrefixBytes, HeaderBytesMax);
        return headerBytes is >= 2 && headerBytes <= available
            ? (int)headerBytes
            : throw CheckpointError.At($"{file.Path}, header length", $"2 to {available} bytes", $"{headerBytes}");
    }

    private static void ReadMetadata(string path, JsonElement value, Dictionary<string, string> metadata)
    {
        var fields = JsonFields.FromElement($"{path}, {MetadataName}", value);
        foreach (var (name, text) in fields.Entries())
            metadata.Add(name, fields.TextOf(CheckpointError.Shown(name), text));
    }

    private static TensorInfo ReadTensor(MappedFile file, long dataOffset, string name, JsonElement value)
    {
        var place = CheckpointError.TensorPlace(file.Path, name);
        var fields = JsonFields.FromElement(place, value);
        if (!TensorTypes.TryParse(fields.RequiredText("dtype"), out var type))
            throw fields.Wrong("dtype", $"one of {string.Join(", ", Enum.GetNames<TensorType>())}");

        var shape = fields.RequiredIntegers("shape", 0, int.MaxValue).Select(size => (int)size).ToImmutableArray();
        if (CountBytes(shape, type) is not { } byteCount)
            throw fields.Wrong("shape", "a size below 2^63 bytes");

        var dataBytes = file.Length - dataOffset;
        var offsets = fields.RequiredIntegers("data_offsets", 0, long.MaxValue);
        if (offsets.Count != 2 || offsets[0] > offsets[1])
            throw fields.Wrong("data_offsets", "[begin, end] with begin <= end");
        if (offsets[1] > dataBytes)
            throw fields.Wrong("data_offsets", $"an end within the {dataBytes} bytes of data in the file", CheckpointError.DownloadAgain);
        if (offsets[1] - offsets[0] != byteCount)
            throw fields.Wrong("data_offsets", $"{byteCount} bytes for {type} {TensorInfo.ShapeText(shape.AsSpan())}");

        return new TensorInfo(file.Path, name, type, shape, byteCount / type.ElementBytes(), dataOffset + offsets[0]);
    }

    private static long? CountBytes(ImmutableArray<int> shape, TensorType type)
    {
        Int128 count = type.ElementBytes();
        foreach (var size in shape)
        {
            count *= size;
            if (count > long.MaxValue)
                return null;
        }

        return (long)count;
    }

    /// <summary>Neighbours must touch: no overlap, no hole, no bytes after the last tensor.</summary>
    private static void EnsureCovered(MappedFile file, long dataOffset, IEnumerable<TensorInfo> tensors)
    {
        var end = dataOffset;
        foreach (var tensor in tensors.OrderBy(tensor => tensor.FileOffset).ThenBy(tensor => tensor.ByteCount))
        {
            if (tensor.FileOffset != end)
            {
                var found = tensor.FileOffset < end ? "an overlap with the tensor before it" : "a hole before it";
                throw CheckpointError.At(
                    $"{tensor.Place}, data_offsets", $"a begin of {end - dataOffset}", $"{tensor.FileOffset - dataOffset}, {found}");
            }

            end += tensor.ByteCount;
        }

        if (end != file.Length)
            throw CheckpointError.At(file.Path, $"{end} bytes, the end of the last tensor", $"{file.Length} bytes");
    }
}
