using Spectre.Console;
using Spectre.Console.Rendering;

namespace SplitActors.Hosts.Cli;

/// <summary>Makes a table fit the terminal.</summary>
internal static class TableLayout
{
    /// <summary>The last column may hold sentences, which wrap between words, but not narrower than this.</summary>
    private const int SentenceWidthMin = 24;

    private const string Indent = "  ";
    private const string Gap = ", ";

    /// <returns>The table, if all that must not wrap has room; else its rows as records of "name: value", several to a line.</returns>
    public static IRenderable Fit(Table table, IAnsiConsole console)
    {
        var options = RenderOptions.Create(console);
        foreach (var column in table.Columns)
            column.NoWrap = true;
        if (table.Columns.Count > 0 && Cells(table, table.Columns.Count - 1, options).Max(cell => cell.Length) > SentenceWidthMin)
        {
            table.Columns[^1].NoWrap = false;
            table.Columns[^1].Width = null;
        }

        return WidthOf(table, options) <= console.Profile.Width ? table : new Rows(Records(table, options, console.Profile.Width));
    }

    /// <summary>What the table needs at least.</summary>
    private static int WidthOf(Table table, RenderOptions options)
    {
        var wrapped = table.Columns.Count > 0 && !table.Columns[^1].NoWrap;
        var widest = ((IRenderable)table).Measure(options, int.MaxValue / 2).Max;
        var last = wrapped ? Cells(table, table.Columns.Count - 1, options).Max(cell => cell.Length) : 0;
        return wrapped ? widest - last + Math.Min(last, SentenceWidthMin) : widest;
    }

    private static IEnumerable<IRenderable> Records(Table table, RenderOptions options, int width)
    {
        if (table.Title is { } title)
            yield return new Text(title.Text);
        string[] names = [.. table.Columns.Select(column => TextOf(column.Header, options))];
        foreach (var row in table.Rows)
        {
            var line = "";
            var values = row.Select(cell => TextOf(cell, options));
            foreach (var item in names.Zip(values, (name, value) => name.Length > 0 ? $"{name}: {value}" : value).Where(item => item.Length > 0))
            {
                var isFirst = line.Length == 0;
                if (!isFirst && line.Length + Gap.Length + item.Length >= width)
                {
                    yield return new Text(line + Gap.TrimEnd());
                    (line, isFirst) = (Indent, true);
                }

                line += isFirst ? item : Gap + item;
            }

            yield return new Text(line);
        }
    }

    private static IEnumerable<string> Cells(Table table, int column, RenderOptions options) =>
        table.Rows.Select(row => TextOf(row.ElementAt(column), options)).Prepend(TextOf(table.Columns[column].Header, options));

    private static string TextOf(IRenderable cell, RenderOptions options) =>
        string.Concat(cell.Render(options, int.MaxValue / 2).Select(segment => segment.Text)).Trim();
}
