using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

public sealed class SegmentBytesTests
{
    private static readonly ModelConfig Tied = ModelShapes.Parse("quill", "--shape");
    private static readonly ModelConfig Untied = Tied with { TieWordEmbeddings = false };

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void ByteCount_OfEmbeddingThatIsTheHead_CountsItOnce(int bits)
    {
        var segment = Synthesize(Tied, bits);
        Assert.Equal(segment.BytesPerToken, segment.ByteCount);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void ByteCount_OfEmbeddingOfItsOwn_IsMoreThanATokenReads(int bits)
    {
        var (tied, untied) = (Synthesize(Tied, bits), Synthesize(Untied, bits));
        Assert.Equal(tied.BytesPerToken, untied.BytesPerToken);
        var embedding = bits < 16 ? new TileLayout(Untied.VocabularySize, Untied.HiddenSize, new WeightFormat(bits)).ByteCount : 2L * Untied.VocabularySize * Untied.HiddenSize;
        Assert.Equal(untied.BytesPerToken + embedding, untied.ByteCount);
    }

    [Fact]
    public void ByteCount_OfFrontAndBack_IsThatOfTheWhole()
    {
        var format = new WeightFormat(4);
        var front = Segment.Synthesize(Untied, LayerRange.Front(3), format);
        var back = Segment.Synthesize(Untied, LayerRange.Back(3, Untied.LayerCount), format);
        Assert.Equal(Synthesize(Untied, 4).ByteCount, front.ByteCount + back.ByteCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ReadWeights_WithAnyThreads_ReadsEveryMatrixOnce(int threadCount)
    {
        using var threads = new ComputeThreads(threadCount);
        var (front, back) = (LayerRange.Front(3), LayerRange.Back(3, Quill.Config.LayerCount));
        var parts = Segment.Load(Quill.Checkpoint, front).ReadWeights(threads) + Segment.Load(Quill.Checkpoint, back).ReadWeights(threads);
        Assert.Equal(SumOfMatrices(Quill.Checkpoint), parts);
    }

    /// <summary>In 64-bit words; the one matrix of embedding and head, too, is read once: by the back.</summary>
    private static ulong SumOfMatrices(Checkpoint checkpoint)
    {
        var sum = 0UL;
        foreach (var tensor in ModelTensors.Of(checkpoint.Config).Where(tensor => tensor.IsMatrix))
        {
            foreach (var word in MemoryMarshal.Cast<byte, ulong>(checkpoint.GetTensor(tensor.Name).Bytes))
                sum += word;
        }

        return sum;
    }

    private static Segment Synthesize(ModelConfig config, int bits) =>
        Segment.Synthesize(config, new LayerRange(0, config.LayerCount), WeightFormat.Of(bits, WeightFormat.GroupSizeDefault));
}
