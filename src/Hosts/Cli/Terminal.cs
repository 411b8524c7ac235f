using Spectre.Console;

namespace SplitActors.Hosts.Cli;

/// <summary>Tables for standard output and standard error: with colours and the terminal's width, or plain and wide where they go to a file.</summary>
internal static class Terminal
{
    private const int FileWidth = 160;

    public static IAnsiConsole Output => Create(Console.Out, Console.IsOutputRedirected);

    public static IAnsiConsole Error => Create(Console.Error, Console.IsErrorRedirected);

    /// <summary>Names on the left, values on the right.</summary>
    public static Table Facts(IEnumerable<(string Name, string Value)> facts)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.Columns[0].NoWrap().PadRight(2);
        foreach (var (name, value) in facts)
            table.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), new Text(value));
        return table;
    }

    private static IAnsiConsole Create(TextWriter writer, bool isRedirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if (isRedirected)
            console.Profile.Width = FileWidth;
        return console;
    }
}
