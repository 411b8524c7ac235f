using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class ModelCommandTests
{
    [Fact]
    public async Task Model_Folder_PrintsSummaryAndSplits()
    {
        var output = (await SplitActorsProcess.RunAsync("model", Repository.Quill)).Succeeded().Output;

        Assert.Matches(@"(?m)^layers +8, hidden size 256, feed-forward 704 *$", output);
        Assert.Matches(@"(?m)^attention +4 heads of 64, 2 KV heads", output);
        Assert.Matches(@"(?m)^vocabulary +4096, embedding and head are one matrix *$", output);
        Assert.Matches(@"(?m)^context +512 tokens *$", output);
        Assert.Contains("device 16", output, StringComparison.Ordinal);
        for (var split = 0; split <= Quill.LayerCount; split++)
            Assert.Matches($@"(?m)^ +{split} +│?( *[\d.,]+ *│?)+ *$", output);
    }

    [Fact]
    public async Task Model_NoFolder_PrintsEmbeddedModel()
    {
        var named = (await SplitActorsProcess.RunAsync("model", Repository.Quill, "--json")).Succeeded();
        var embedded = (await SplitActorsProcess.RunAsync("model", "--json")).Succeeded();

        Assert.Equal(JsonNode.Parse(named.Output)!["digest"]!.GetValue<string>(), JsonNode.Parse(embedded.Output)!["digest"]!.GetValue<string>());
    }

    [Fact]
    public async Task Model_Json_NeedsLessWithFewerBits()
    {
        var result = (await SplitActorsProcess.RunAsync("model", "--json")).Succeeded();

        var splits = JsonNode.Parse(result.Output)!["splits"]!.AsArray();
        Assert.Equal(Quill.LayerCount + 1, splits.Count);
        Assert.All(splits.Skip(1), split =>
        {
            var front = split!["front"]!;
            Assert.True(Bytes(front, "at16_bits") > Bytes(front, "at8_bits"), front.ToJsonString());
            Assert.True(Bytes(front, "at8_bits") > Bytes(front, "at4_bits"), front.ToJsonString());
        });
    }

    private static long Bytes(JsonNode weights, string field) => weights[field]!.GetValue<long>();
}
