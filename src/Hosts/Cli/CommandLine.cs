using System.CommandLine;
using System.CommandLine.Parsing;
using SplitActors.Hosts.Cli.Clusters;
using SplitActors.Hosts.Cli.Nodes;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>The commands of <c>splitactors</c>, and what becomes of their errors.</summary>
internal static class CommandLine
{
    public const string DebugVariable = "SPLITACTORS_DEBUG";

    public static async Task<int> RunAsync(string[] args)
    {
        StandardStream.Install();

        // A prompt may begin with '@': no response files.
        var parsed = Root().Parse(args.Length > 0 ? args : ["--help"], new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            ProcessBytes.RequireUtf8(args, parsed);
            if (parsed.Errors.Count > 0)
                return Fail(ExitCode.Options, Explain(parsed));
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UserErrorException error)
        {
            return Fail(ExitCode.Of(error.Kind), SettingOrigins.Of(parsed).Explain(error));
        }
        catch (ReaderGoneException)
        {
            return ExitCode.ReaderGone; // without a word, as other programs that write to a closed pipe
        }
        catch (Exception error) when (Environment.GetEnvironmentVariable(DebugVariable) is null)
        {
            return Fail(ExitCode.Failure, $"Internal error: {error.Message.TrimEnd('.')}. Please report it; {DebugVariable}=1 shows where it happened.");
        }
    }

    private static RootCommand Root() => new("Runs a large language model across a device and a server, token by token.")
    {
        RunCommand.Create(),
        EdgeCommand.Create(),
        WorkerCommand.Create(),
        SchedulerCommand.Create(),
        CloudCommand.Create(),
        ModelCommand.Create(),
        QuantizeCommand.Create(),
        CalibrateCommand.Create(),
        PlanCommand.Create(),
        BenchCommand.Create(),
        CodecCommand.Create(),
        SimulateCommand.Create(),
        ClusterCommand.Create(),
        ChaosCommand.Create(),
    };

    private static string Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = command is RootCommand ? "Run `splitactors --help`." : $"Run `splitactors {PathOf(parsed.CommandResult)} --help`.";
        if (parsed.UnmatchedTokens is not [var unknown, ..])
            return $"{parsed.Errors[0].Message} {help}";
        var hint = command.Name == RunCommand.Name ? "Put the prompt in quotes; one that looks like an option goes after --. " : "";
        return $"'{unknown}' is no {(command.Subcommands.Count > 0 ? "command" : "argument")} or option. {hint}{help}";
    }

    /// <summary>As a user types it: <c>codec measure</c>.</summary>
    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult { Command: not RootCommand } parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;

    private static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine($"splitactors: {message}");
        return exitCode;
    }
}
