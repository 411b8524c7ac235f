using System.Buffers.Binary;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Peers.LlamaCpp.Gguf;

namespace SplitActors.Hosts.Tests.Benchmarks;

public sealed class SyntheticModelTests
{
    private static readonly ModelConfig Small = new()
    {
        VocabularySize = 300,
        HiddenSize = 64,
        IntermediateSize = 96,
        LayerCount = 2,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 16,
        ContextLength = 128,
    };

    [Fact]
    public void WriteTo_SmallShape_HasTheShapeAndAVocabularyOfItsSize()
    {
        var read = Write(new SyntheticModel("small", Small, GgufType.Q4_0), out _);

        Assert.Equal("llama", read.Metadata["general.architecture"]);
        Assert.Equal(2u, read.Metadata["llama.attention.head_count_kv"]);
        Assert.Equal(16u, read.Metadata["llama.rope.dimension_count"]);
        var tokens = (object[])read.Metadata["tokenizer.ggml.tokens"];
        Assert.Equal(300, tokens.Distinct().Count());
        Assert.Equal(["<unk>", "<0x00>", "<0xFF>", "▁t259"], [tokens[0], tokens[3], tokens[258], tokens[259]]);
        Assert.Equal(2 + (2 * 9) + 1, read.Tensors.Count);
        Assert.Equal([64L, 32], read.Tensors.Single(entry => entry.Tensor.Name == "blk.1.attn_v.weight").Tensor.Dimensions.ToArray());
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q8_0")]
    public void WriteTo_EveryBlock_HasTheScaleAndNoCodeOutsideTheRange(string type)
    {
        var read = Write(new SyntheticModel("small", Small, Enum.Parse<GgufType>(type)), out var file);

        foreach (var (tensor, offset) in read.Tensors)
        {
            var bytes = file.AsSpan((int)(read.DataStart + offset), (int)tensor.ByteCount);
            if (tensor.Type == GgufType.Float32)
            {
                Assert.Equal(1f, BinaryPrimitives.ReadSingleLittleEndian(bytes[^sizeof(float)..]));
                continue;
            }

            var blockBytes = GgufTensor.BlockBytes(tensor.Type);
            for (var start = 0; start < bytes.Length; start += blockBytes)
            {
                Assert.InRange((float)BinaryPrimitives.ReadHalfLittleEndian(bytes[start..]), 1e-4f, 1e-2f);
                Assert.True(tensor.Type == GgufType.Q4_0 || !bytes.Slice(start + 2, 32).Contains((byte)0x80));
            }

            Assert.True(bytes.ToArray().Distinct().Count() > 100, "The codes should differ.");
        }
    }

    [Theory]
    [InlineData("llama-1b", "Q4_0", 582)]
    [InlineData("llama-1b", "Q8_0", 1104)]
    [InlineData("llama-3b", "Q4_0", 1807)] // tied: the embedding is read as the head
    public void BytesReadPerToken_KnownShape_IsEveryWeightButTheEmbedding(string shape, string type, double expectedMegabytes)
    {
        var model = new SyntheticModel(shape, ModelShapes.Parse(shape, "shape"), Enum.Parse<GgufType>(type));

        Assert.InRange(model.BytesReadPerToken / 1e6, expectedMegabytes * 0.99, expectedMegabytes * 1.01);
    }

    private static GgufReader Write(SyntheticModel model, out byte[] file)
    {
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        file = stream.ToArray();
        stream.Position = 0;
        return new GgufReader(stream);
    }
}
