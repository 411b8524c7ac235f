using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>A damaged package of two layers: one message, exit code 3.</summary>
public sealed class QuantizedPackageTests : IAsyncLifetime, IDisposable
{
    private const string Front = "model-front.safetensors";

    private readonly TemporaryFolder _folder = new();

    public async Task InitializeAsync()
    {
        using var model = ChainModel.Smiles(contextLength: 64);
        (await SplitActorsProcess.RunAsync("quantize", "--model", model.Folder, "--out", Package, "--split", "1")).Succeeded();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private string Package => _folder.PathTo("package");

    [Theory]
    [InlineData("model")]
    [InlineData("run")]
    [InlineData("quantize")]
    public async Task FrontMissing_IsNamed(string command)
    {
        File.Delete(PathTo(Front));
        (await RunAsync(command)).Refused(ExitCode.Checkpoint, PathTo(Front), "no such file");
    }

    [Theory]
    [InlineData("model")]
    [InlineData("run")]
    public async Task FrontTruncated_IsNamed(string command)
    {
        var bytes = await File.ReadAllBytesAsync(PathTo(Front));
        await File.WriteAllBytesAsync(PathTo(Front), bytes[..^64]);
        (await RunAsync(command)).Refused(ExitCode.Checkpoint, PathTo(Front), "download it again");
    }

    [Fact]
    public async Task BitFlipped_IsFoundByTheTensorsChecksum()
    {
        var bytes = await File.ReadAllBytesAsync(PathTo(Front));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(PathTo(Front), bytes);
        (await RunAsync("run")).Refused(ExitCode.Checkpoint, PathTo(Front), "tensor 'model.layers.0.", "CRC-32C", "download the file again");
    }

    [Fact]
    public async Task BitFlipped_IsFoundByVerify()
    {
        (await SplitActorsProcess.RunAsync("model", Package, "--verify")).Succeeded();
        var bytes = await File.ReadAllBytesAsync(PathTo(Front));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(PathTo(Front), bytes);
        (await SplitActorsProcess.RunAsync("model", Package)).Succeeded();
        (await SplitActorsProcess.RunAsync("model", Package, "--verify")).Refused(ExitCode.Checkpoint, PathTo(Front), "SHA-256", "download the file again");
    }

    [Fact]
    public async Task ChecksumsMissing_AreAskedForByVerify()
    {
        File.Delete(PathTo("SHA256SUMS"));
        (await SplitActorsProcess.RunAsync("model", Package, "--verify")).Refused(ExitCode.Checkpoint, PathTo("SHA256SUMS"), "no such file", "--verify");
    }

    [Theory]
    [InlineData("model")]
    [InlineData("run")]
    public async Task VersionUnknown_IsNamed(string command)
    {
        ChangeConfig("\"version\": 1", "\"version\": 2");
        (await RunAsync(command)).Refused(ExitCode.Checkpoint, "config.json, quantization_config.version", "expected 1, found 2", "splitactors quantize");
    }

    [Fact]
    public async Task MethodUnknown_IsNamed()
    {
        ChangeConfig("splitactors-opsc", "awq");
        (await RunAsync("model")).Refused(ExitCode.Checkpoint, "quantization_config.quant_method", "\"awq\"", "unquantized checkpoint");
    }

    [Fact]
    public async Task TensorOfOtherSize_IsNamed()
    {
        ChangeConfig("\"bits\": 4", "\"bits\": 3");
        (await RunAsync("model")).Refused(ExitCode.Checkpoint, PathTo(Front), "model.embed_tokens.weight", "bytes of U8", "int3", "splitactors quantize");
    }

    private string PathTo(string file) => Path.Combine(Package, file);

    private Task<ProcessResult> RunAsync(string command) => command switch
    {
        "model" => SplitActorsProcess.RunAsync("model", Package),
        "quantize" => SplitActorsProcess.RunAsync("quantize", "--model", Package, "--out", _folder.PathTo("again")),
        _ => SplitActorsProcess.RunAsync("run", "x", "--model", Package, "--split", "1"),
    };

    /// <summary>As its author could, with checksums to match: the file is not damaged but says something else.</summary>
    private void ChangeConfig(string old, string replacement)
    {
        var config = File.ReadAllText(PathTo("config.json"));
        Assert.Contains(old, config, StringComparison.Ordinal);
        File.WriteAllText(PathTo("config.json"), config.Replace(old, replacement, StringComparison.Ordinal));
        File.Delete(PathTo("SHA256SUMS"));
    }
}
