using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Sessions that go on elsewhere while they generate.</summary>
public sealed class MoveTests
{
    /// <summary>Long enough for what is loaded meanwhile on a busy machine.</summary>
    private static readonly string[] Session = ["run", "Alice looked at the", "--max-tokens", "300", "--seed", "3", "--temperature", "0.8", "--compression", "none"];

    [Theory]
    [InlineData("--split 4", "5:2", "split, ℓ = 4 to split, ℓ = 2")]
    [InlineData("--split 2", "5:7", "split, ℓ = 2 to split, ℓ = 7")]
    [InlineData("--split 4", "5:0", "split, ℓ = 4 to cloud")]
    [InlineData("--split 4", "5:8", "split, ℓ = 4 to device")]
    [InlineData("--mode cloud", "1:6", "cloud to split, ℓ = 6")]
    [InlineData("--mode device", "5:3", "device to split, ℓ = 3")]
    public async Task Run_Resplit_WritesTheSameText(string start, string resplit, string expected)
    {
        string[] session = [.. Session, .. start.Split(' ')];

        var undisturbed = await SplitActorsProcess.RunAsync(session);
        var moved = await SplitActorsProcess.RunAsync([.. session, "--resplit-at", resplit]);

        Assert.Equal(undisturbed.Text, moved.Text);
        Assert.Matches($@"(?m)^moved +after \d+ tokens from {expected}: --resplit-at {resplit}; [\d.]+ ms to the next token, \d+ B sent *$", moved.Error);
        Assert.DoesNotContain("moved", undisturbed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--front-bits 8 --back-bits 8")]
    public async Task Run_ResplitSeveralTimesAndWorkersStop_WritesTheSameText(string weights)
    {
        string[] session = [.. Session, .. weights.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

        var undisturbed = await SplitActorsProcess.RunAsync(session);
        var moved = await SplitActorsProcess.RunAsync([.. session, "--resplit-at", "40:2,90:0,140:8,190:6", "--stop-worker-at", "10"]); // while it surely has one

        Assert.Equal(undisturbed.Text, moved.Text);
        Assert.Contains("is lost", moved.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ResplitWithCalibratedCompression_GoesOn()
    {
        var result = await SplitActorsProcess.RunAsync("run", "Alice looked at the", "--max-tokens", "300", "--prediction", "--resplit-at", "5:2,150:6", "--json");

        var lines = result.Succeeded().JsonLines;
        var moves = lines.Where(line => Type(line) == "moved").ToList();
        Assert.Equal([2, 6], moves.Select(move => move["to"]!["split_layer"]!.GetValue<int>()));
        Assert.Equal([4, 2], moves.Select(move => move["from"]!["split_layer"]!.GetValue<int>()));
        Assert.Equal(300, lines.Count(line => Type(line) == "token"));
        foreach (var move in moves)
        {
            var at = move["at_token"]!.GetValue<int>();
            var first = lines.Single(line => Type(line) == "token" && line["index"]!.GetValue<int>() == at);
            Assert.Equal(first["bill"]!["message_bytes"]!.GetValue<long>(), move["message_bytes"]!.GetValue<long>());
            Assert.Equal(first["bill"]!["elapsed_us"]!.GetValue<long>(), move["elapsed_us"]!.GetValue<long>());
        }

        Assert.Equal(moves.Select(move => move["at_token"]!.GetValue<int>()), lines[^1]["moves"]!.AsArray().Select(move => move!["at_token"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Run_LinkCutForGood_GoesOnAlone()
    {
        var undisturbed = await SplitActorsProcess.RunAsync(Session);
        var alone = await SplitActorsProcess.RunAsync([.. Session, "--cut-link-at", "10", "--fallback-after", "0.2"]);

        Assert.Equal(undisturbed.Text, alone.Text);
        Assert.Matches(@"(?m)^moved +after 10 tokens from split, ℓ = 4 to device: .*out of reach", alone.Error);
        Assert.Contains("mode             device, ℓ = 8 of 8", alone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LinkCutAndMended_GoesOnAloneAndReturns()
    {
        string[] session = ["run", "Alice looked at the", "--max-tokens", "480", "--seed", "3", "--temperature", "0.8", "--compression", "none"];

        var undisturbed = await SplitActorsProcess.RunAsync([.. session, "--json"]);
        var moved = await SplitActorsProcess.RunAsync([.. session, "--cut-link-at", "10:20", "--fallback-after", "0.2", "--json"]);

        Assert.Equal(Text(undisturbed), Text(moved));
        var moves = moved.JsonLines.Where(line => Type(line) == "moved").ToList();
        Assert.Equal(["device", "split"], moves.Select(move => move["to"]!["mode"]!.GetValue<string>()), StringComparer.Ordinal);
        Assert.Equal(10, moves[0]["at_token"]!.GetValue<int>());
        Assert.Equal("the scheduler answers again", moves[1]["reason"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("--split 4 --handoff-tokens 10 --handoff-kv exact", @"\(10, 4\) to split, ℓ = 4, I_kv = 1 with \d+ B of keys and values \(exact\): the device has generated W̄ = 10 tokens")]
    [InlineData("--split 4 --handoff-tokens 10 --handoff-kv none", @"\(10, 4\) to split, ℓ = 4, I_kv = 0: the device has generated W̄ = 10 tokens")]
    [InlineData("--split 0 --handoff-tokens 1", @"\(1, 0\) to cloud, I_kv = 1 with \d+ B of keys and values \(exact\): the device has generated W̄ = 1 tokens")]
    [InlineData("--split 3 --handoff-tokens 20 --front-bits 8 --back-bits 8 --stop-worker-at 100", @"\(20, 3\) to split")]
    [InlineData("--split 3 --handoff-tokens 20 --kv-bits 8 --resplit-at 30:6", @"\(20, 3\) to split")]
    public async Task Run_Handoff_WritesTheTextOfTheDevice(string options, string expected)
    {
        var split = options.Split(' ');
        string[] formats = [.. split.SkipWhile(option => option is not ("--front-bits" or "--kv-bits")).TakeWhile(option => option is not ("--stop-worker-at" or "--resplit-at"))];

        var alone = await SplitActorsProcess.RunAsync([.. Session, "--mode", "device", .. formats]);
        var handedOver = await SplitActorsProcess.RunAsync([.. Session, "--mode", "handoff", .. split]);

        Assert.Equal(alone.Text, handedOver.Text);
        Assert.Matches($@"(?m)^exit +at \(w, ℓ\) = {expected}.*; [\d.]+ ms to the next token, \d+ B sent *$", handedOver.Error);
    }

    /// <summary>Nothing arrives in a millisecond; on a fast link keys and values in 4 bits are there before the prompt would be computed again.</summary>
    [Fact]
    public async Task Run_HandoffWithLostDeadline_ShipsWhatArrivesFirst()
    {
        var result = await SplitActorsProcess.RunAsync([.. Session, "--mode", "handoff", "--handoff-deadline", "0.001", "--link", "lan", "--json"]);

        var lines = result.Succeeded().JsonLines;
        Assert.Equal("handoff", lines[0]["mode"]!.GetValue<string>());
        var exit = Assert.Single(lines, line => Type(line) == "moved");
        Assert.Equal((1, "tabq"), (exit["at_token"]!.GetValue<int>(), exit["shipment"]!.GetValue<string>()));
        Assert.InRange(exit["kv_bytes"]!.GetValue<int>(), 1, 10_000);
        Assert.Contains("can no longer arrive within the deadline of 0.001 s", exit["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PackageWithLowBitBackAndDeadLink_GoesOnWithIt()
    {
        using var folder = new TemporaryFolder();
        (await SplitActorsProcess.RunAsync("quantize", "--out", folder.PathTo("package"), "--split", "3", "--front-bits", "8", "--back-bits", "4")).Succeeded();
        string[] session = [.. Session, "--model", folder.PathTo("package")];

        var undisturbed = await SplitActorsProcess.RunAsync(session);
        var alone = await SplitActorsProcess.RunAsync([.. session, "--cut-link-at", "10", "--fallback-after", "0.2"]);

        Assert.Equal(undisturbed.Text, alone.Text);
        Assert.Matches(@"(?m)^moved +after 10 tokens from split, ℓ = 3 to device: ", alone.Error);
    }

    private static string Type(JsonNode line) => line["type"]!.GetValue<string>();

    private static string Text(ProcessResult result) => result.Succeeded().JsonLines[^1]["text"]!.GetValue<string>();
}
