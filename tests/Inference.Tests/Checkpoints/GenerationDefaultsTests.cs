using System.Text;
using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Sampling;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class GenerationDefaultsTests : IDisposable
{
    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors().WriteSingleFile();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Read_Quill_Samples()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        Assert.Equal(new SamplingOptions { Temperature = 0.8f, TopP = 0.95f }, GenerationDefaults.Read(checkpoint));
    }

    [Fact]
    public void Read_NoFile_IsGreedy() => Assert.Equal(SamplingOptions.Greedy, Read());

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"temperature":0.7,"top_k":5,"top_p":0.5,"min_p":0.1}""")]
    [InlineData("""{"do_sample":null,"temperature":0.7}""")]
    [InlineData("""{"do_sample":false,"temperature":0.7,"top_p":0.5}""")]
    [InlineData("""{"do_sample":false,"temperature":-1}""")] // a value that is not used
    public void Read_SamplingNotAskedFor_IsGreedy(string json) => Assert.Equal(SamplingOptions.Greedy, Read(json));

    [Theory]
    [InlineData("""{"repetition_penalty":1.25}""")]
    [InlineData("""{"do_sample":false,"repetition_penalty":1.25}""")]
    public void Read_Greedy_KeepsThePenalty(string json) =>
        Assert.Equal(SamplingOptions.Greedy with { RepetitionPenalty = 1.25f }, Read(json));

    [Theory]
    [InlineData("""{"do_sample":true}""")]
    [InlineData("""{"do_sample":true,"temperature":null,"top_k":null,"top_p":null,"min_p":null,"repetition_penalty":null}""")]
    public void Read_OnlySamplingAskedFor_DrawsFromTheWholeDistribution(string json) =>
        Assert.Equal(new SamplingOptions { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = 1 }, Read(json));

    [Fact]
    public void Read_EachValue_IsTaken()
    {
        const string Json = """{"do_sample":true,"temperature":0.75,"top_k":40,"top_p":0.5,"min_p":0.125,"repetition_penalty":1.5}""";
        var expected = new SamplingOptions { Temperature = 0.75f, TopK = 40, TopP = 0.5f, MinP = 0.125f, RepetitionPenalty = 1.5f };
        Assert.Equal(expected, Read(Json));
    }

    [Theory]
    [InlineData("""{"do_sample":true,"temperature":0,"top_k":0,"top_p":1e-30,"min_p":0,"repetition_penalty":1e-30}""")]
    [InlineData("""{"do_sample":true,"temperature":3e38,"top_k":2147483647,"top_p":1,"min_p":1,"repetition_penalty":3e38}""")]
    public void Read_ExtremesOfTheRanges_AreWithinThoseOfTheOptions(string json) => Assert.Null(Read(json).FindError());

    [Theory]
    [InlineData("temperature", "-0.5", "a finite number of at least 0")]
    [InlineData("temperature", "1e999", "a finite number of at least 0")]
    [InlineData("temperature", "\"hot\"", "a finite number of at least 0")]
    [InlineData("top_k", "-1", "a whole number from 0 to 2147483647")]
    [InlineData("top_k", "2.5", "a whole number from 0 to 2147483647")]
    [InlineData("top_p", "0", "a number above 0 and at most 1")]
    [InlineData("top_p", "1.5", "a number above 0 and at most 1")]
    [InlineData("min_p", "-0.1", "a number from 0 to 1")]
    [InlineData("min_p", "1.1", "a number from 0 to 1")]
    [InlineData("repetition_penalty", "0", "a finite number above 0")]
    [InlineData("repetition_penalty", "[]", "a finite number above 0")]
    public void Read_ValueOutOfRange_IsToldOnceAndLimitsNothing(string field, string value, string expected)
    {
        var warnings = new List<string>();
        using var checkpoint = Checkpoint.Open(_builder.Folder, new CheckpointOpenOptions { Warn = warnings.Add });
        Write(new JsonObject { ["do_sample"] = true, [field] = JsonNode.Parse(value) }.ToJsonString());

        var neutral = new SamplingOptions { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = 1 };
        Assert.Equal(neutral with { TopP = value == "0" && field == "top_p" ? float.Epsilon : 1 }, GenerationDefaults.Read(checkpoint));
        var warning = Assert.Single(warnings);
        Assert.StartsWith($"{_builder.PathTo("generation_config.json")}, {field}: expected {expected}, found {value}. ", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_DoSampleIsNotAFlag_NamesIt() => Refuses("""{"do_sample":1}""", "generation_config.json, do_sample", "true or false");

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"do_sample":true""")]
    [InlineData("""{"do_sample":true,"do_sample":false}""")]
    public void Read_MalformedFile_NamesIt(string json) => Refuses(json, _builder.PathTo("generation_config.json"), "a JSON object");

    [Fact]
    public void Read_FileChangedSinceItsChecksum_IsRefused()
    {
        Write("""{"do_sample":true}""");
        _builder.WriteChecksums();
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        Write("""{"do_sample":null}""");
        CheckpointAssert.Refuses(() => GenerationDefaults.Read(checkpoint), "generation_config.json", "SHA-256");
    }

    private SamplingOptions Read(string? json = null)
    {
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        if (json is not null)
            Write(json);
        return GenerationDefaults.Read(checkpoint);
    }

    private void Refuses(string json, params string[] texts) => CheckpointAssert.Refuses(() => Read(json), texts);

    private void Write(string json) => _builder.Write("generation_config.json", Encoding.UTF8.GetBytes(json));
}
