using System.CommandLine;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors codec</c>: what compression of hidden states saves and costs, and what a frame says.</summary>
internal static class CodecCommand
{
    public static Command Create() => new(
        "codec",
        """
        Measures what compression of the hidden states at a split saves and costs, and explains frames byte by byte.

        Example: splitactors codec measure --text book.txt --tokens 5000 --split 4
        """)
    {
        CodecMeasureCommand.Create(),
        CodecInspectCommand.Create(),
    };
}
