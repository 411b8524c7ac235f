using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Where the layers run changes nothing: every split gives the text of the reference implementation.</summary>
public sealed class GoldenTextTests
{
    private static readonly string[] Greedy = ["--temperature", "0", "--max-tokens", "128", "--compression", "none", "--quiet"];

    public static TheoryData<int> Splits => [.. Enumerable.Range(0, Quill.LayerCount + 1)];

    public static TheoryData<string, int> ModesAndPrompts
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var mode in new[] { "split", "cloud", "device" })
            {
                for (var prompt = 1; prompt < Quill.Golden.Count; prompt++)
                    data.Add(mode, prompt);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public async Task Run_GreedyAtEverySplit_GivesGoldenText(int split)
    {
        var (prompt, greedyText) = Quill.Golden[0];

        var result = await SplitActorsProcess.RunAsync(["run", prompt, "--split", $"{split}", .. Greedy]);

        Assert.Equal(greedyText, result.Text);
    }

    [Theory]
    [MemberData(nameof(ModesAndPrompts))]
    public async Task Run_GreedyInEveryMode_GivesGoldenText(string mode, int promptIndex)
    {
        var (prompt, greedyText) = Quill.Golden[promptIndex];

        var result = await SplitActorsProcess.RunAsync(["run", prompt, "--mode", mode, .. Greedy]);

        Assert.Equal(greedyText, result.Text);
    }
}
