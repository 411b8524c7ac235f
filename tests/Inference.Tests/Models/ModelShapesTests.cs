using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Models;

public sealed class ModelShapesTests
{
    [Theory]
    [InlineData("quill", 6_951_168)]
    [InlineData("qwen2.5-0.5b", 494_000_000)]
    [InlineData("llama-1b", 1_104_000_000)]
    [InlineData("llama-3b", 3_213_000_000)]
    [InlineData("llama-7b", 6_738_000_000)]
    [InlineData("llama-8b", 8_030_000_000)]
    public void Parse_KnownName_HasAsManyParametersAsTheModel(string name, long expected)
    {
        var parameters = ParameterCounts.Of(ModelShapes.Parse(name, "--shape"));

        Assert.InRange(parameters.Total, expected * 0.999, expected * 1.001);
    }

    [Fact]
    public void Parse_EveryName_IsKnown() => Assert.All(ModelShapes.Names, name => Assert.True(ModelShapes.Parse(name, "--shape").LayerCount > 0));

    [Fact]
    public void Parse_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<UserErrorException>(() => ModelShapes.Parse("llama-2b", "--shape"));

        Assert.Equal("--shape", error.Place);
        Assert.Contains("qwen2.5-0.5b, llama-1b, llama-3b, llama-7b, llama-8b", error.Message, StringComparison.Ordinal);
        Assert.Contains("'llama-2b'", error.Message, StringComparison.Ordinal);
    }
}
