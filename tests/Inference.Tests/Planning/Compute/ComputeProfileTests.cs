using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Planning.Compute;

public sealed class ComputeProfileTests
{
    private static readonly LinearCost Prefill = new(4e-3, 2e-4, 1e-8);
    private static readonly LinearCost Decode = new(3e-3, 1e-4, 2e-8);
    private static readonly LinearCost Head = new(5e-3, 1e-3, 0);
    private static readonly LinearCost Embedding = new(0, 1e-6, 0);
    private static readonly ComputeProfile Profile = new(Prefill, Decode, Head, Embedding);

    [Fact]
    public void Fit_ExactSamples_GivesTheProfileBack()
    {
        var found = ComputeProfile.Fit(
            [.. from position in new[] { 0, 64, 448 } from rows in new[] { 16, 64 } select Measured(Prefill, ComputeSample.Prefill(position, rows, 1))],
            [.. from batch in new[] { 1, 4 } from context in new[] { 8, 256 } select Measured(Decode, ComputeSample.Decode(batch, context, 1))],
            [.. new[] { 1, 4 }.Select(rows => Measured(Head, new ComputeSample(rows, 0, 1)))],
            [.. new[] { 1, 64 }.Select(rows => Measured(Embedding, new ComputeSample(rows, 0, 1)))]);
        Assert.Equal(Profile.PrefillSeconds(3, 300, 64), found.PrefillSeconds(3, 300, 64), 1e-9);
        Assert.Equal(Profile.DecodeSeconds(5, 130, 3), found.DecodeSeconds(5, 130, 3), 1e-9);
        Assert.Equal(Profile.HeadSeconds(2), found.HeadSeconds(2), 1e-9);
        Assert.Equal(Profile.EmbeddingSeconds(20), found.EmbeddingSeconds(20), 1e-9);
    }

    /// <summary>Chunk by chunk, each row attending to all before it and itself.</summary>
    [Theory]
    [InlineData(1, 64)]
    [InlineData(64, 64)]
    [InlineData(65, 64)]
    [InlineData(300, 1)]
    public void PrefillSeconds_IsTheSumOfItsChunks(int tokenCount, int chunkRows)
    {
        var expected = 0.0;
        for (int position = 0, rows; position < tokenCount; position += rows)
        {
            rows = Math.Min(chunkRows, tokenCount - position);
            expected += Measured(Prefill, ComputeSample.Prefill(position, rows, 1)).Seconds;
        }

        Assert.Equal(4 * expected, Profile.PrefillSeconds(4, tokenCount, chunkRows), 1e-9);
    }

    [Fact]
    public void DecodeSeconds_Batch_SharesTheReadingOfWeights() =>
        Assert.Equal(2 * (3e-3 + (8 * 1e-4) + (8 * 100 * 2e-8)), Profile.DecodeSeconds(2, 100, 8), 1e-12);

    [Fact]
    public void For_FormatNotMeasured_NamesWhatIs()
    {
        var machine = new MachineProfile("laptop", new Dictionary<(WeightFormat, KvFormat), ComputeProfile> { [(new(4), KvFormat.Int8)] = Profile });
        Assert.Same(Profile, machine.For(new(4), KvFormat.Int8));
        var error = Assert.Throws<UserErrorException>(() => machine.For(new(8), KvFormat.Float16));
        Assert.Equal(
            "Profile 'laptop': expected weights of int8 in groups of 32 with keys and values in 16 bits, found weights of int4 in groups of 32 with keys and values in 8 bits. "
            + "Measure this format too, or leave it out of the choice.",
            error.Message);
    }

    private static ComputeSample Measured(LinearCost cost, ComputeSample shape) => shape with { Seconds = cost.Seconds(shape.RowCount, shape.PositionCount) };
}
