using System.Diagnostics;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Processes;

/// <summary>
/// The built program, run as a user runs it: arguments, environment, working folder and standard input in; both outputs and the exit
/// code out. Settings and measurements of the machine (SPLITACTORS_…, the user's cache folder) do not reach it.
/// </summary>
internal sealed class SplitActorsProcess(params string[] arguments)
{
    private static readonly string Configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>The program of the same build configuration as these tests.</summary>
    public static string ProgramPath { get; } = Repository.PathTo("artifacts", "bin", "SplitActors.Hosts", Configuration, "splitactors");

    /// <summary>As <c>dotnet</c> names it.</summary>
    public static string BuildConfiguration => Configuration;

    /// <summary>What processes measure of this machine is kept here.</summary>
    private static readonly string CacheFolder = Repository.PathTo("artifacts", "test-cache");

    public string Program { get; init; } = ProgramPath;

    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];

    /// <summary>Holds no configuration file unless a test puts one there.</summary>
    public string WorkingFolder { get; init; } = Path.GetTempPath();

    /// <summary>Standard input; empty unless given.</summary>
    public byte[] Input { get; init; } = [];

    /// <summary>What a shell does with the streams, such as <c>&gt; /dev/full</c>; none unless given.</summary>
    public string Redirection { get; init; } = "";

    /// <summary>Far above need: the machine may be busy.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(120);

    public static Task<ProcessResult> RunAsync(params string[] arguments) => new SplitActorsProcess(arguments).RunAsync();

    public async Task<ProcessResult> RunAsync()
    {
        using var running = Start();
        return await running.WaitAsync();
    }

    public RunningProcess Start()
    {
        var start = new ProcessStartInfo
        {
            UseShellExecute = false,
            WorkingDirectory = WorkingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] command = Redirection.Length > 0 ? ["/bin/sh", "-c", $"exec \"$0\" \"$@\" {Redirection}", Program] : [Program];
        start.FileName = command[0];
        foreach (var argument in command.Skip(1).Concat(arguments))
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("SPLITACTORS_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        start.Environment["XDG_CACHE_HOME"] = CacheFolder;
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return new RunningProcess(Process.Start(start)!, Input, TimeLimit);
    }
}
