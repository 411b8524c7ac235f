using System.Text;

namespace SplitActors.Peers.LlamaCpp.Gguf;

/// <summary>
/// Writes a GGUF file, version 3 [docs/gguf.md of github.com/ggml-org/ggml]: little-endian header, metadata, tensor directory, then the tensors'
/// bytes, each at a multiple of <see cref="Alignment"/>. Streams: no tensor is held in memory.
/// </summary>
internal sealed class GgufWriter
{
    public const int Alignment = 32;
    public const uint Version = 3;

    private readonly List<Action<BinaryWriter>> _entries = [];
    private readonly List<GgufTensor> _tensors = [];

    public GgufWriter() => Add("general.alignment", Alignment);

    /// <summary>Types of metadata values; the numbers are the file format's.</summary>
    private enum ValueType : uint
    {
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        String = 8,
        Array = 9,
    }

    public void Add(string key, uint value) => AddEntry(key, ValueType.UInt32, writer => writer.Write(value));

    public void Add(string key, float value) => AddEntry(key, ValueType.Float32, writer => writer.Write(value));

    public void Add(string key, bool value) => AddEntry(key, ValueType.Bool, writer => writer.Write(value));

    public void Add(string key, string value) => AddEntry(key, ValueType.String, writer => WriteString(writer, value));

    public void Add(string key, IReadOnlyList<string> values) => AddArray(key, ValueType.String, values, WriteString);

    public void Add(string key, IReadOnlyList<float> values) => AddArray(key, ValueType.Float32, values, (writer, value) => writer.Write(value));

    public void Add(string key, IReadOnlyList<int> values) => AddArray(key, ValueType.Int32, values, (writer, value) => writer.Write(value));

    /// <summary>Tensors lie in the file in the order in which they were added.</summary>
    public void Add(GgufTensor tensor) => _tensors.Add(tensor);

    /// <param name="stream">Written from its start.</param>
    /// <param name="writeTensor">Writes exactly <see cref="GgufTensor.ByteCount"/> bytes of one tensor.</param>
    public void WriteTo(Stream stream, Action<GgufTensor, Stream> writeTensor)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        WriteHeader(writer);
        foreach (var tensor in _tensors)
        {
            Pad(writer);
            var start = stream.Position;
            writeTensor(tensor, stream);
            if (stream.Position - start != tensor.ByteCount)
                throw new InvalidOperationException($"{tensor.Name} has {tensor.ByteCount} bytes, but {stream.Position - start} were written.");
        }

        Pad(writer);
    }

    private void WriteHeader(BinaryWriter writer)
    {
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_entries.Count);
        foreach (var writeEntry in _entries)
            writeEntry(writer);
        var offset = 0L; // from the first tensor
        foreach (var tensor in _tensors)
        {
            WriteString(writer, tensor.Name);
            writer.Write((uint)tensor.Dimensions.Length);
            foreach (var size in tensor.Dimensions)
                writer.Write((ulong)size);
            writer.Write((uint)tensor.Type);
            writer.Write((ulong)offset);
            offset += tensor.ByteCount + PaddingAfter(tensor.ByteCount);
        }
    }

    private void AddEntry(string key, ValueType type, Action<BinaryWriter> writeValue) => _entries.Add(writer =>
    {
        WriteString(writer, key);
        writer.Write((uint)type);
        writeValue(writer);
    });

    private void AddArray<T>(string key, ValueType elementType, IReadOnlyList<T> values, Action<BinaryWriter, T> writeValue) =>
        AddEntry(key, ValueType.Array, writer =>
        {
            writer.Write((uint)elementType);
            writer.Write((ulong)values.Count);
            foreach (var value in values)
                writeValue(writer, value);
        });

    private static void WriteString(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        writer.Flush();
        writer.Write(stackalloc byte[PaddingAfter(writer.BaseStream.Position)]);
    }

    private static int PaddingAfter(long position) => (int)(-position & (Alignment - 1));
}
