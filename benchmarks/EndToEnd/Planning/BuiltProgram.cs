using System.Diagnostics;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd.Planning;

/// <summary>Fresh processes of the built program.</summary>
internal static class BuiltProgram
{
    private const int InfeasibleExitCode = 6;

    private static readonly string FilePath = Repository.PathTo("artifacts", "bin", "SplitActors.Hosts", "release", "splitactors");

    /// <summary>Standard output of a process that is through; one that finds no plan counts as such.</summary>
    public static async Task<string> RunAsync(IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(FilePath, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode is 0 or InfeasibleExitCode
            ? output
            : throw new InvalidOperationException($"splitactors {string.Join(' ', arguments)}: {await errors}");
    }
}
