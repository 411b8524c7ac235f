using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Memory;

public sealed class WeightMemoryTests
{
    private const int CaseCount = 300;
    private const int CasesKept = 25; // each takes a buffer of 64 MiB, which is freed when it is collected

    private static readonly Gen<Case> Cases =
        from config in Shapes.Models
        from weights in Shapes.Weights
        from first in Gen.Choose(0, config.LayerCount)
        from end in Gen.Choose(first, config.LayerCount)
        select new Case(config, weights, new LayerRange(first, end));

    private int _caseCount;

    [Fact]
    public void Of_AnyLayers_IsWhatASegmentHolds() => Property.Holds(CaseCount, Cases, given =>
    {
        FreeSegments();
        var segment = Segment.Synthesize(given.Config, given.Layers, given.Weights);
        Assert.Equal(segment.ByteCount, WeightMemory.Of(given.Config, given.Layers, given.Weights).MatrixBytes);
    });

    [Fact]
    public void Of_AnyLayers_HasTheNormsThatASegmentAsksFor() => Property.Holds(CaseCount, Cases, given =>
    {
        FreeSegments();
        var source = new CountingWeights(given.Weights);
        Segment.Of(given.Config, given.Layers, source);
        Assert.Equal(source.NormBytes, WeightMemory.Of(given.Config, given.Layers, given.Weights).NormBytes);
    });

    /// <summary>In 16 bits, with the weights of a file that stores norms so too.</summary>
    [Fact]
    public void Of_Quill_IsItsFile()
    {
        var whole = new LayerRange(0, Quill.Config.LayerCount);
        var found = WeightMemory.Of(Quill.Config, whole, WeightFormat.Unquantized);
        Assert.Equal(2 * ParameterCounts.Of(Quill.Config).Total, found.MatrixBytes + (found.NormBytes / 2));
        Assert.Equal(Segment.Load(Quill.Checkpoint, whole).ByteCount, found.MatrixBytes);
    }

    [Fact]
    public void Of_FloatsOf32Bits_CountsTwice()
    {
        var layers = LayerRange.Front(2);
        var (half, full) = (WeightMemory.Of(Quill.Config, layers, WeightFormat.Unquantized), WeightMemory.Of(Quill.Config, layers, WeightFormat.Unquantized, StoredSizes.At(Quill.Config, sizeof(float))));
        Assert.Equal(2 * half.MatrixBytes, full.MatrixBytes);
        Assert.Equal(half.NormBytes, full.NormBytes);
    }

    /// <summary>A file whose configuration says bfloat16.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("mlp")]
    [InlineData("model.layers.1.")]
    [InlineData("embed_tokens")]
    [InlineData("lm_head")]
    public void Of_FilesThatMixWidths_IsWhatSegmentsHold(string name)
    {
        using var files = SyntheticModel.Build(builder =>
        {
            builder.Config["torch_dtype"] = "bfloat16";
            builder.Replace(candidate => candidate.Contains(name, StringComparison.Ordinal), SyntheticModel.AsFloat32OfFloat16);
        });
        using var checkpoint = Checkpoint.Open(files.Folder);
        var stored = StoredSizes.Of(checkpoint);
        LayerRange[] parts = [new(0, 2), new(0, 1), new(1, 2), new(0, 0), new(2, 2)];
        Assert.All(parts, layers => Assert.Equal(Segment.Load(checkpoint, layers).ByteCount, WeightMemory.Of(checkpoint.Config, layers, WeightFormat.Unquantized, stored).MatrixBytes));
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(3, 2)]
    [InlineData(0, 9)]
    public void Of_LayersOfNoModel_IsRefused(int first, int end) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WeightMemory.Of(Quill.Config, new LayerRange(first, end), WeightFormat.Unquantized));

    private sealed record Case(ModelConfig Config, WeightFormat Weights, LayerRange Layers);

    private void FreeSegments()
    {
        if (++_caseCount % CasesKept != 0)
            return;
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private sealed class CountingWeights(WeightFormat format) : IWeightSource
    {
        private readonly SyntheticWeights _weights = new(format);

        public long NormBytes { get; private set; }

        public Linear Matrix(string name, int outputSize, int inputSize) => _weights.Matrix(name, outputSize, inputSize);

        public float[] Norm(string name, int size)
        {
            NormBytes += size * sizeof(float);
            return _weights.Norm(name, size);
        }
    }
}
