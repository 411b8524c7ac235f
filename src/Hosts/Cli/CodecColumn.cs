using Spectre.Console;

namespace SplitActors.Hosts.Cli;

/// <summary>Columns of the tables of codecs: many, so close together.</summary>
internal static class CodecColumn
{
    public static TableColumn Of(string header)
    {
        var column = new TableColumn(new Text(header)).NoWrap().Padding(0, 0);
        return header == "codec" ? column : column.RightAligned();
    }
}
