using Spectre.Console;
using Spectre.Console.Rendering;

namespace SplitActors.Hosts.Cli;

/// <summary>Tables for standard output and standard error: with colours and the terminal's width, or plain and wide where they go to a file.</summary>
internal sealed class Terminal
{
    private const int FileWidth = 160;

    private readonly TextWriter _writer;
    private readonly bool _isFile;
    private readonly IAnsiConsole _console;

    private Terminal(TextWriter writer, bool isRedirected)
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
        if (isRedirected)
            _console.Profile.Width = FileWidth;
    }

    public static Terminal Output => new(Console.Out, Console.IsOutputRedirected);

    public static Terminal Error => new(Console.Error, Console.IsErrorRedirected);

    public void Write(IRenderable renderable) => _console.Write(renderable);

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
