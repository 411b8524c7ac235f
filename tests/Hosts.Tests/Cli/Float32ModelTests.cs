using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>A model in F32 whose configuration says bfloat16: what the files say counts.</summary>
public sealed class Float32ModelTests : IDisposable
{
    private readonly CheckpointBuilder _model = Float32Quill.Write();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task Model_Float32_IsShownAsThat()
    {
        var output = (await SplitActorsProcess.RunAsync("model", _model.Folder)).Succeeded().Output;
        Assert.Matches(@"(?m)^files +26\.\d+ MiB: 74 tensors F32 *$", output);
        Assert.Contains("device F32", output, StringComparison.Ordinal);

        var json = JsonNode.Parse((await SplitActorsProcess.RunAsync("model", _model.Folder, "--json")).Succeeded().Output)!;
        Assert.Equal("F32", json["weights"]!.GetValue<string>());
        Assert.Equal(4 * json["parameters"]!["total"]!.GetValue<long>(), json["splits"]![Quill.LayerCount]!["front"]!["at16_bits"]!.GetValue<long>());
    }

    [Fact]
    public async Task Model_MixedTypes_ShowsTheShares()
    {
        var embedding = _model.Tensors.FindIndex(tensor => tensor.Name == "model.embed_tokens.weight");
        var halves = _model.Tensors[embedding].Data.Chunk(4).SelectMany(bytes => bytes[2..]); // the upper halves: BF16
        _model.Tensors[embedding] = _model.Tensors[embedding] with { Type = "BF16", Data = [.. halves] };
        _model.Write("model.safetensors", SafetensorsWriter.ToBytes(_model.Tensors));
        var output = (await SplitActorsProcess.RunAsync("model", _model.Folder)).Succeeded().Output;
        Assert.Matches(@"73 tensors F32, 92 ?% of the bytes, 1 tensors BF16, 8 ?% of the bytes", string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains("device BF16 and F32", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_Memory_IsThatOfTheFiles()
    {
        var result = await SplitActorsProcess.RunAsync("plan", "--model", _model.Folder, "--device-profile", "pi5", "--link", "lte", "--front-bits", "16", "--kv-bits", "16", "--json");
        Assert.Equal(73_409_216, JsonNode.Parse(result.Succeeded().Output)!["choice"]!["memory_bytes"]!.GetValue<long>());
    }

    /// <summary>The device alone takes 73.4 MB; in 16 bits it would take 59.5.</summary>
    [Theory]
    [InlineData("65MB", false)]
    [InlineData("75MB", true)]
    public async Task Plan_Memory_CountsFourBytesForEachWeight(string memory, bool fits)
    {
        var result = await SplitActorsProcess.RunAsync(
            "plan", "--model", _model.Folder, "--device-profile", "pi5", "--link", "lte", "--front-bits", "16", "--kv-bits", "16", "--device-memory", memory, "--json");
        var plan = JsonNode.Parse(result.Succeeded().Output)!;
        Assert.Equal(fits, plan["choice"]!["split_layer"]!.GetValue<int>() == Quill.LayerCount);
    }

    [Fact]
    public async Task Run_SplitAuto_ChoosesWhatFits()
    {
        var result = await SplitActorsProcess.RunAsync(
            "run", "Once upon a time", "--model", _model.Folder, "--split", "auto", "--link", "lte", "--device-memory", "65MB", "--front-bits", "16", "--max-tokens", "4",
            "--compression", "none", "--json");
        var planned = result.Succeeded();
        Assert.NotEqual("device", planned.JsonLines[0]["mode"]!.GetValue<string>(), StringComparer.Ordinal);
        Assert.InRange((long)planned.JsonLines[0]["planned"]!["memory_bytes"]!, 1, 65_000_000);
    }
}
