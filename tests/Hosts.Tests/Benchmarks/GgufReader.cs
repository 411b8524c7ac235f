using System.Text;
using SplitActors.Peers.LlamaCpp.Gguf;

namespace SplitActors.Hosts.Tests.Benchmarks;

/// <summary>Reads a GGUF file back, field by field as the format's description has it.</summary>
internal sealed class GgufReader
{
    public GgufReader(Stream stream)
    {
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        Magic = Encoding.ASCII.GetString(reader.ReadBytes(4));
        Version = reader.ReadUInt32();
        var tensorCount = reader.ReadInt64();
        var entryCount = reader.ReadInt64();
        for (var i = 0L; i < entryCount; i++)
            Metadata.Add(ReadString(reader), ReadValue(reader, reader.ReadUInt32()));
        for (var i = 0L; i < tensorCount; i++)
            Tensors.Add(ReadTensor(reader));
        DataStart = (stream.Position + 31) / 32 * 32;
    }

    public string Magic { get; }

    public uint Version { get; }

    public Dictionary<string, object> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Offsets count from <see cref="DataStart"/>.</summary>
    public List<(GgufTensor Tensor, long Offset)> Tensors { get; } = [];

    public long DataStart { get; }

    private static (GgufTensor Tensor, long Offset) ReadTensor(BinaryReader reader)
    {
        var name = ReadString(reader);
        var dimensions = new long[reader.ReadInt32()];
        for (var i = 0; i < dimensions.Length; i++)
            dimensions[i] = reader.ReadInt64();
        var type = (GgufType)reader.ReadInt32();
        return (new GgufTensor(name, type, [.. dimensions]), reader.ReadInt64());
    }

    private static object ReadValue(BinaryReader reader, uint type) => type switch
    {
        4 => reader.ReadUInt32(),
        5 => reader.ReadInt32(),
        6 => reader.ReadSingle(),
        7 => reader.ReadByte() == 1,
        8 => ReadString(reader),
        9 => ReadArray(reader),
        _ => throw new InvalidDataException($"A value of type {type}."),
    };

    private static object[] ReadArray(BinaryReader reader)
    {
        var type = reader.ReadUInt32();
        var values = new object[reader.ReadInt64()];
        for (var i = 0; i < values.Length; i++)
            values[i] = ReadValue(reader, type);
        return values;
    }

    private static string ReadString(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadInt64()));
}
