using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary><c>splitactors run</c> on OPSC packages of the embedded model, split after layer 3.</summary>
public sealed class RunPackageTests : IDisposable
{
    private static readonly string[] Prompt = ["run", Quill.Golden[0].Prompt, "--max-tokens", "24", "--seed", "7", "--temperature", "0.8"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Package => _folder.PathTo("package");

    [Theory]
    [InlineData("4", "8")]
    [InlineData("4", "16")]
    [InlineData("8", "8")]
    public async Task Run_Split_WritesTheTextOfItsSourceQuantizedAtLoad(string frontBits, string backBits)
    {
        await QuantizeAsync(frontBits, backBits);
        string[] source = ["--model", Repository.Quill, "--split", "3", "--front-bits", frontBits, "--back-bits", backBits];
        string[] threads = ["--threads", $"{Math.Min(2, Environment.ProcessorCount)}"];

        var expected = await TextAsync([.. source, "--threads", "1"]);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, await TextAsync([.. source, .. threads]));
        Assert.Equal(expected, await TextAsync("--model", Package, "--threads", "1"));
        Assert.Equal(expected, await TextAsync(["--model", Package, .. threads]));
        Assert.Equal(await TextAsync([.. source, "--kv-bits", "8"]), await TextAsync("--model", Package, "--kv-bits", "8"));
    }

    [Fact]
    public async Task Run_EveryMode_WritesTheSameText()
    {
        await QuantizeAsync("4", "8");
        string[] package = ["--model", Package, "--compression", "none"];
        var split = await TextAsync(package);
        Assert.Equal(split, await TextAsync([.. package, "--mode", "cloud"]));
        Assert.Equal(split, await TextAsync([.. package, "--mode", "device"]));
        Assert.Equal(split, await TextAsync([.. package, "--split", "6"]));
    }

    [Theory]
    [InlineData("3", "split", 3)]
    [InlineData("0", "cloud", 0)]
    [InlineData("8", "device", 8)]
    public async Task Run_SplitNotGiven_IsThatOfThePackage(string split, string mode, int splitLayer)
    {
        await QuantizeAsync("4", "8", split);
        var plan = (await SplitActorsProcess.RunAsync([.. Prompt, "--model", Package, "--split", "auto", "--json"])).Succeeded().JsonLines[0];
        Assert.Equal((mode, splitLayer), (plan["mode"]!.GetValue<string>(), plan["split_layer"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Run_OtherBitsThanThePackage_IsRefused()
    {
        await QuantizeAsync("4", "8");
        var result = await SplitActorsProcess.RunAsync([.. Prompt, "--model", Package, "--front-bits", "8"]);
        result.Refused(ExitCode.Checkpoint, "int8 in groups of 32", "int4 in groups of 32", "Leave the bits out");
    }

    [Fact]
    public async Task Run_BitsOfThePackage_AreTaken()
    {
        await QuantizeAsync("4", "8");
        Assert.Equal(await TextAsync("--model", Package), await TextAsync("--model", Package, "--front-bits", "4", "--back-bits", "8"));
    }

    [Theory]
    [InlineData("model-front.safetensors", "the package's front (layers 1–3), which this command needs beside the back")]
    [InlineData("model-back.safetensors", "the package's back (layers 4–8), which this command needs beside the front")]
    public async Task Run_OnePartAlone_SaysWhichIsMissingAndWhy(string file, string expected)
    {
        await QuantizeAsync("4", "8");
        File.Delete(Path.Combine(Package, file));
        (await SplitActorsProcess.RunAsync([.. Prompt, "--model", Package])).Refused(ExitCode.Checkpoint, Path.Combine(Package, file), expected, "Copy");
    }

    private static async Task<string> TextAsync(params string[] arguments) => (await SplitActorsProcess.RunAsync([.. Prompt, .. arguments])).Text;

    private async Task QuantizeAsync(string frontBits, string backBits, string split = "3")
    {
        var result = await SplitActorsProcess.RunAsync("quantize", "--out", Package, "--split", split, "--front-bits", frontBits, "--back-bits", backBits);
        result.Succeeded();
    }
}
