using Spectre.Console;

namespace SplitActors.Hosts.Cli;

/// <summary>Tables for standard output and standard error: with colours and the terminal's width, or plain and wide where they go to a file.</summary>
internal sealed class Terminal
{
    private const int FileWidth = 160;

    private readonly TextWriter _writer;
    private readonly bool _isFile;
    private readonly IAnsiConsole _console;

    /// <param name="writer">Takes the text.</param>
    /// <param name="isRedirected">To a file or another program.</param>
    /// <param name="width">In columns; null: as the terminal has.</param>
    internal Terminal(TextWriter writer, bool isRedirected, int? width = null)
    {
        _writer = writer;
        _isFile = isRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if ((width ?? (isRedirected ? FileWidth : null)) is { } columns)
            _console.Profile.Width = columns;
    }

    public static Terminal Output => new(Console.Out, Console.IsOutputRedirected);

    public static Terminal Error => new(Console.Error, Console.IsErrorRedirected);

    /// <summary>As a table where it fits, else a record for each row: nothing is cut off, and no number broken.</summary>
    public void Write(Table table) => _console.Write(TableLayout.Fit(table, _console));

    /// <summary>Names on the left, values on the right; in a file one line each, however long.</summary>
    public void WriteFacts(IReadOnlyCollection<(string Name, string Value)> facts)
    {
        var nameWidth = facts.Max(fact => fact.Name.Length);
        if (_isFile)
        {
            foreach (var (name, value) in facts)
                _writer.WriteLine($"{name.PadRight(nameWidth)}  {value}");
            return;
        }

        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        table.Columns[0].NoWrap().PadRight(2);
        foreach (var (name, value) in facts)
            table.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), new Text(value));
        _console.Write(table);
    }
}
