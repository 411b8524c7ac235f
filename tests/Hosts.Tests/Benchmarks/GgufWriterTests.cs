using SplitActors.Peers.LlamaCpp.Gguf;

namespace SplitActors.Hosts.Tests.Benchmarks;

public sealed class GgufWriterTests
{
    [Fact]
    public void WriteTo_EveryKindOfValue_ReadsBack()
    {
        var writer = new GgufWriter();
        writer.Add("count", 7u);
        writer.Add("base", 0.5f);
        writer.Add("flag", true);
        writer.Add("text", "▁t1");
        writer.Add("texts", ["a", "bé"]);
        writer.Add("scores", [-1f, -2f]);
        writer.Add("types", [2, 3]);

        var read = WriteAndRead(writer, out _);

        Assert.Equal(("GGUF", 3u), (read.Magic, read.Version));
        Assert.Equal(8, read.Metadata.Count);
        Assert.Equal(32u, read.Metadata["general.alignment"]);
        Assert.Equal(7u, read.Metadata["count"]);
        Assert.Equal(0.5f, read.Metadata["base"]);
        Assert.Equal(true, read.Metadata["flag"]);
        Assert.Equal("▁t1", read.Metadata["text"]);
        Assert.Equal(["a", "bé"], (object[])read.Metadata["texts"]);
        Assert.Equal([-1f, -2f], (object[])read.Metadata["scores"]);
        Assert.Equal([2, 3], (object[])read.Metadata["types"]);
    }

    [Fact]
    public void WriteTo_TensorsOfUnevenSize_BeginAtMultiplesOf32()
    {
        var writer = new GgufWriter();
        GgufTensor[] tensors = [GgufTensor.Vector("norm", 3), GgufTensor.Matrix("w", GgufType.Q4_0, 5, 64), GgufTensor.Matrix("v", GgufType.Q8_0, 1, 32)];
        foreach (var tensor in tensors)
            writer.Add(tensor);

        var read = WriteAndRead(writer, out var file);

        Assert.Equal(tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.ByteCount)), read.Tensors.Select(entry => (entry.Tensor.Name, entry.Tensor.Type, entry.Tensor.ByteCount)));
        Assert.Equal([0L, 32L, 32L + 192], read.Tensors.Select(entry => entry.Offset));
        Assert.Equal(read.DataStart + 32 + 192 + 64, file.Length);
        foreach (var (i, entry) in read.Tensors.Index())
        {
            var bytes = file.AsSpan((int)(read.DataStart + entry.Offset), (int)entry.Tensor.ByteCount);
            Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)(i + 1)));
        }
    }

    [Fact]
    public void WriteTo_DataOfAnotherSize_Throws()
    {
        var writer = new GgufWriter();
        writer.Add(GgufTensor.Vector("norm", 4));

        var error = Assert.Throws<InvalidOperationException>(() => writer.WriteTo(new MemoryStream(), (_, stream) => stream.WriteByte(1)));

        Assert.Contains("norm has 16 bytes, but 1 were written", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Q4_0", 10 * 2 * 18)]
    [InlineData("Q8_0", 10 * 2 * 34)]
    public void Matrix_Quantized_HasWholeBlocks(string type, long byteCount)
    {
        var matrix = GgufTensor.Matrix("w", Enum.Parse<GgufType>(type), rows: 10, columns: 64);

        Assert.Equal(byteCount, matrix.ByteCount);
        Assert.Equal([64, 10], matrix.Dimensions.ToArray());
        Assert.Throws<ArgumentException>(() => GgufTensor.Matrix("w", matrix.Type, rows: 10, columns: 48));
    }

    /// <summary>The n-th tensor's bytes are all n + 1.</summary>
    private static GgufReader WriteAndRead(GgufWriter writer, out byte[] file)
    {
        using var stream = new MemoryStream();
        byte fill = 0;
        writer.WriteTo(stream, (tensor, target) =>
        {
            var bytes = new byte[tensor.ByteCount];
            Array.Fill(bytes, ++fill);
            target.Write(bytes);
        });
        file = stream.ToArray();
        stream.Position = 0;
        return new GgufReader(stream);
    }
}
