using System.Buffers.Binary;
using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private const string Name = "small.safetensors";
    private const string Tensor = """{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}""";

    private readonly CheckpointBuilder _builder = new();

    private string Path => _builder.PathTo(Name);

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Open_WellFormed_GivesTensorsAndMetadata()
    {
        WriteTwoTensors();
        using var file = SafetensorsFile.Open(Path);

        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(2, file.Tensors.Count);
        var tensor = file.GetTensor("b", 2, 3);
        Assert.Equal((TensorType.F32, 6L, 24L), (tensor.Type, tensor.ElementCount, tensor.ByteCount));
        Assert.Equal((2, 3L), (tensor.RowCount, tensor.RowElementCount));
        var row = new float[3];
        tensor.CopyRowTo(1, row);
        Assert.Equal([4f, 5f, 6f], row);
    }

    [Fact]
    public void Open_NoTensors_IsEmpty()
    {
        _builder.Write(Name, SafetensorsWriter.ToBytes("{}", []));
        using var file = SafetensorsFile.Open(Path);
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void Open_ScalarAndEmptyTensors_AreRead()
    {
        _builder.Add("empty", "BF16", [0, 5], []).Add("scalar", "F32", [], SafetensorsWriter.Float32(7));
        _builder.Write(Name, SafetensorsWriter.ToBytes(_builder.Tensors));
        using var file = SafetensorsFile.Open(Path);

        var value = new float[1];
        file.GetTensor("scalar").CopyRowTo(0, value);
        Assert.Equal(7, value[0]);
        var empty = file.GetTensor("empty");
        Assert.Equal((0, 0L), (empty.RowCount, empty.RowElementCount));
        Assert.True(empty.Bytes.IsEmpty);
    }

    [Fact]
    public void Open_Missing_NamesTheFile() => Refuses("small.safetensors", "found nothing");

    [Fact]
    public void Open_TruncatedAtEveryLength_IsRefused()
    {
        var whole = WriteTwoTensors();
        for (var length = 0; length < whole.Length; length++)
        {
            _builder.Write(Name, whole[..length]);
            CheckpointAssert.Refuses(() => SafetensorsFile.Open(Path).Dispose(), Name);
        }
    }

    [Fact]
    public void Open_TrailingByte_IsRefused()
    {
        var whole = WriteTwoTensors();
        _builder.Write(Name, [.. whole, 0]);
        Refuses($"{whole.Length} bytes", $"{whole.Length + 1} bytes");
    }

    [Fact]
    public void Open_EveryHeaderBitFlipped_IsRefusedOrStaysWithinTheFile()
    {
        var whole = WriteTwoTensors();
        var headerBits = 8 * (8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole));
        var refusedCount = 0;
        for (var bit = 0; bit < headerBits; bit++)
        {
            var damaged = whole.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            _builder.Write(Name, damaged);
            try
            {
                using var file = SafetensorsFile.Open(Path);
                Assert.Equal(36, file.Tensors.Values.Sum(ReadAll));
                long ReadAll(TensorInfo info) => file.GetTensor(info.Name).Bytes.ToArray().Length;
            }
            catch (UserErrorException)
            {
                refusedCount++;
            }
        }

        Assert.InRange(refusedCount, headerBits / 2, headerBits); // a flip inside a name, or 4-byte type for 4-byte type, is well-formed
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(100_000_001ul)]
    [InlineData(1ul << 63)]
    [InlineData(ulong.MaxValue)]
    public void Open_AbsurdHeaderLength_IsRefused(ulong length)
    {
        var bytes = WriteTwoTensors();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        _builder.Write(Name, bytes);
        Refuses("header length", $"found {length}");
    }

    [Theory]
    [InlineData("[]", "header")]
    [InlineData(" {}", "first byte")]
    [InlineData("{", "header")]
    [InlineData("{}x", "header")]
    [InlineData("""{"x":1}""", "tensor 'x'")]
    [InlineData("""{"__metadata__":{"format":1}}""", "header, __metadata__.format")]
    [InlineData("""{"__metadata__":[]}""", "__metadata__")]
    [InlineData("""{"x":{"dtype":"F32, F16","shape":[4],"data_offsets":[0,16]}}""", "tensor 'x', dtype", "F32, F16")]
    [InlineData("""{"x":{"dtype":"","shape":[4],"data_offsets":[0,16]}}""", "tensor 'x', dtype")]
    [InlineData("""{"x":{"dtype":2,"shape":[4],"data_offsets":[0,16]}}""", "tensor 'x', dtype")]
    [InlineData("""{"x":{"dtype":"F4","shape":[4],"data_offsets":[0,17]}}""", "tensor 'x', data_offsets", "16 bytes of data")]
    [InlineData("""{"x":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}""", "the end of the last tensor")]
    [InlineData("""{"x":{"shape":[4],"data_offsets":[0,16]}}""", "tensor 'x', dtype", "no such field")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}""", "tensor 'x', shape[0]", "-4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}""", "tensor 'x', shape[0]")]
    [InlineData("""{"x":{"dtype":"F32","shape":4,"data_offsets":[0,16]}}""", "tensor 'x', shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2147483647,2147483647,4],"data_offsets":[0,16]}}""", "tensor 'x', shape", "2^63")]
    [InlineData("""{"x":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}""", "tensor 'x', data_offsets", "20 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}""", "tensor 'x', data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16,32]}}""", "tensor 'x', data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}""", "tensor 'x', data_offsets", "16 bytes of data")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"shape":[4]}}""", "shape")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
        "tensor 'b'", "overlap")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
        "tensor 'b'", "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "tensor 'a'", "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "the end of the last tensor")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "header")]
    [InlineData("""{"x":{"dtype":"\ud800","shape":[4],"data_offsets":[0,16]}}""", "tensor 'x', dtype")]
    [InlineData("""{"a\nb":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "header", "control characters")]
    public void Open_MalformedHeader_NamesThePlace(string header, params string[] texts)
    {
        _builder.Write(Name, SafetensorsWriter.ToBytes(header, new byte[16]));
        Refuses([Name, .. texts]);
    }

    /// <summary>Types that came later, and types yet to come: whoever does not use the tensor needs to know none of them.</summary>
    [Theory]
    [InlineData("F8_E8M0")]
    [InlineData("F4")]
    [InlineData("C64")]
    [InlineData("F33")]
    [InlineData("f32")]
    [InlineData("2")]
    public void Open_UnknownType_IsRefusedOnlyWhereItIsRead(string type)
    {
        var header = "{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[8],\"data_offsets\":[0,12]},\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}";
        _builder.Write(Name, SafetensorsWriter.ToBytes(header, new byte[16]));
        using var file = SafetensorsFile.Open(Path);
        Assert.Equal((TensorType.Other, type, 8, 12), (file.Tensors["x"].Type, file.Tensors["x"].TypeName, file.Tensors["x"].ElementCount, file.Tensors["x"].ByteCount));
        file.GetTensor("y").EnsureFinite();
        CheckpointAssert.Refuses(() => file.GetTensor("x").EnsureFinite(), Path, "tensor 'x', dtype", "BF16, F16 or F32", type);
    }

    [Fact]
    public void Open_DuplicateName_IsRefused()
    {
        _builder.Write(Name, SafetensorsWriter.ToBytes("{\"x\":" + Tensor + ",\"\\u0078\":" + Tensor + "}", new byte[16]));
        Refuses("header", "'x'");
    }

    [Fact]
    public void Open_HeaderIsNotUtf8_IsRefused()
    {
        var bytes = SafetensorsWriter.ToBytes("{\"x\":" + Tensor + "}", new byte[16]);
        bytes[10] = 0xff; // the name
        _builder.Write(Name, bytes);
        Refuses("header", "UTF-8");
    }

    [Fact]
    public void Open_Folder_IsRefused() => CheckpointAssert.Refuses(() => SafetensorsFile.Open(_builder.Folder).Dispose(), _builder.Folder);

    [Fact]
    public void GetTensor_OtherShape_NamesBothShapes()
    {
        WriteTwoTensors();
        using var file = SafetensorsFile.Open(Path);
        CheckpointAssert.Refuses(() => file.GetTensor("b", 3, 2), Path, "tensor 'b', shape", "[3, 2]", "[2, 3]");
        CheckpointAssert.Refuses(() => file.GetTensor("c", 3, 2), Path, "tensor 'c'", "[3, 2]", "no tensor of this name");
    }

    [Fact]
    public void GetTensor_AfterDispose_Throws()
    {
        WriteTwoTensors();
        var file = SafetensorsFile.Open(Path);
        var tensor = file.GetTensor("b");
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Bytes.Length);
    }

    [Fact]
    public void Slice_OutsideOfTensor_Throws()
    {
        WriteTwoTensors();
        using var file = SafetensorsFile.Open(Path);
        var first = file.GetTensor("a");
        Assert.Equal(4, first.Slice(8, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => first.Slice(8, 5).Length); // the next tensor's bytes
        Assert.Throws<ArgumentOutOfRangeException>(() => first.Slice(-1, 1).Length);
    }

    [Fact]
    public void Open_FileAbove2GB_ReadsItsLastRow()
    {
        const int RowBytes = 1 << 30;
        var header = Encoding.UTF8.GetBytes(
            $$$"""{"x":{"dtype":"F32","shape":[3,{{{RowBytes / 4}}}],"data_offsets":[0,{{{3L * RowBytes}}}]}}""");
        using (var stream = File.Create(Path)) // sparse: takes no space
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            stream.SetLength(stream.Position + (3L * RowBytes));
            stream.Seek(-4, SeekOrigin.End);
            stream.Write(BitConverter.GetBytes(1.5f));
        }

        using var file = SafetensorsFile.Open(Path);
        var tensor = file.GetTensor("x", 3, RowBytes / 4);
        var tail = new float[2];
        tensor.CopyTo(tensor.ElementCount - 2, tail);
        Assert.Equal([0f, 1.5f], tail);
        Assert.Throws<OverflowException>(() => tensor.Bytes.Length);
    }

    private void Refuses(params string[] texts) =>
        CheckpointAssert.Refuses(() => SafetensorsFile.Open(Path).Dispose(), [Path, .. texts]);

    /// <summary>"a": F32 [3], "b": F32 [2, 3] with 1..6; 36 bytes of data.</summary>
    private byte[] WriteTwoTensors()
    {
        _builder.Add("a", "F32", [3], SafetensorsWriter.Float32(-1, -2, -3));
        _builder.Add("b", "F32", [2, 3], SafetensorsWriter.Float32(1, 2, 3, 4, 5, 6));
        var bytes = SafetensorsWriter.ToBytes(_builder.Tensors);
        _builder.Write(Name, bytes);
        return bytes;
    }
}
