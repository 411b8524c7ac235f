using System.Text.RegularExpressions;
using Spectre.Console;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class TableLayoutTests
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    private const string Sentence = "breaks memory, and accuracy, which was not measured";

    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(160)]
    public void Write_AnyWidth_BreaksNoNumberAndCutsNothingOff(int width)
    {
        var text = Write(Wide(), width);

        Assert.All(text.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, width));
        Assert.DoesNotContain('…', text);
        for (var column = 0; column < 9; column++)
            Assert.Contains($"{1234.5 + column:F1}", text, StringComparison.Ordinal);
        Assert.Equal(Sentence, Regex.Match(Regex.Replace(text, @"\s+", " ", RegexOptions.None, MatchTimeout), "breaks .+? measured", RegexOptions.None, MatchTimeout).Value);
    }

    [Fact]
    public void Write_WithoutRoom_IsARecordForEachRow()
    {
        var text = Write(Wide(), 40);

        Assert.StartsWith("column 0: 1234.5, column 1: 1235.5,\n  column 2: 1236.5, column 3: 1237.5,\n", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split('\n').Count(line => line.StartsWith("column 0: ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Write_WithRoom_IsATable()
    {
        var lines = Write(Wide(), 160).Split('\n');

        Assert.Equal(2, lines.Count(line => line.Contains("1234.5", StringComparison.Ordinal)));
        Assert.Single(lines, line => line.Contains("column 0", StringComparison.Ordinal));
    }

    /// <summary>On a terminal of that width, which <c>script</c> makes.</summary>
    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    public async Task Plan_NarrowTerminal_ShowsEveryNumber(int width)
    {
        string[] plan = ["plan", "--shape", "llama-1b", "--device-profile", "pi5", "--link", "lan", "--front-bits", "4", "--kv-bits", "16"];
        var wide = (await SplitActorsProcess.RunAsync(plan)).Succeeded().Output;
        string[] command = ["-qec", $"stty cols {width} rows 50; exec {SplitActorsProcess.ProgramPath} {string.Join(' ', plan)}", "/dev/null"];
        var narrow = (await new SplitActorsProcess(command) { Program = "script" }.RunAsync()).Succeeded().Output;

        var numbers = Regex.Matches(wide.Split("\nplan ")[0], @"\d+\.\d+", RegexOptions.None, MatchTimeout).Select(match => match.Value).ToList();
        Assert.True(numbers.Count > 30);
        Assert.All(numbers, number => Assert.Contains($" {number}", narrow, StringComparison.Ordinal));
        Assert.DoesNotContain('…', narrow);
    }

    private static Table Wide()
    {
        var table = new Table().Border(TableBorder.Simple);
        for (var column = 0; column < 9; column++)
            table.AddColumn(new TableColumn(new Text($"column {column}")).RightAligned());
        table.AddColumn("verdict");
        for (var row = 0; row < 2; row++)
            table.AddRow([.. Enumerable.Range(0, 9).Select(column => $"{1234.5 + column:F1}"), Sentence]);
        return table;
    }

    private static string Write(Table table, int width)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new Terminal(writer, isRedirected: true, width).Write(table);
        return writer.ToString();
    }
}
