using System.Buffers.Binary;
using System.Collections.Immutable;
using SplitActors.Inference.Json;

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
    private const int TypeNameCharsMax = 32;

    /// <exception cref="UserErrorException">The header is not well-formed or does not describe the file exactly.</exception>
    public static SafetensorsHeader Read(MappedFile file)
    {
        var headerBytes = ReadLength(file);
        var json = file.Slice(PrefixBytes, headerBytes).ToArray();
        if (json[0] != (byte)'{')
            throw CheckpointError.At($"{file.Path}, header", "'{' as its first byte", $"byte 0x{json[0]:x2}");

        var dataOffset = PrefixBytes + headerBytes;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in JsonField.Parse($"{file.Path}, header", json).PlainEntries())
        {
            if (name == MetadataName)
                ReadMetadata(value, metadata);
            else
                tensors.Add(name, ReadTensor(file, dataOffset, name, value.At(CheckpointError.TensorPlace(file.Path, name))));
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

    private static void ReadMetadata(JsonField value, Dictionary<string, string> metadata)
    {
        foreach (var (name, text) in value.PlainEntries())
            metadata.Add(name, text.Text());
    }

    private static TensorInfo ReadTensor(MappedFile file, long dataOffset, string name, JsonField tensor)
    {
        var dtype = tensor.Field("dtype");
        var typeName = dtype.Text();
        if (typeName.Length is 0 or > TypeNameCharsMax || !typeName.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw dtype.Error("the name of a type, such as BF16");
        var type = TensorTypes.Parse(typeName);

        var sizes = tensor.Field("shape");
        var shape = sizes.Integers(0, int.MaxValue).Select(size => (int)size).ToImmutableArray();
        var elementBytes = type == TensorType.Other ? 1 : type.ElementBytes();
        if (Product(shape, elementBytes) is not { } product)
            throw sizes.Error("a size below 2^63 bytes");

        var dataBytes = file.Length - dataOffset;
        var dataOffsets = tensor.Field("data_offsets");
        if (dataOffsets.Integers(0, long.MaxValue) is not [var begin, var end] || begin > end)
            throw dataOffsets.Error("[begin, end] with begin <= end");
        if (end > dataBytes)
            throw dataOffsets.Error($"an end within the {dataBytes} bytes of data in the file", nextStep: CheckpointError.DownloadAgain);
        if (end - begin != product && type != TensorType.Other)
            throw dataOffsets.Error($"{product} bytes for {type} {TensorInfo.ShapeText(shape.AsSpan())}");

        return new TensorInfo(file.Path, name, typeName, shape, product / elementBytes, end - begin, dataOffset + begin);
    }

    private static long? Product(ImmutableArray<int> shape, int elementBytes)
    {
        Int128 count = elementBytes;
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
