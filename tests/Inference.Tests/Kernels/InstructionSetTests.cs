using System.Diagnostics;
using SplitActors.KernelDigest;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Kernels;

/// <summary>Runs the kernel digest in processes whose runtime may not use newer instructions: the same bits must come out.</summary>
public sealed class InstructionSetTests
{
    private static readonly string DigestProgram = Path.Combine(AppContext.BaseDirectory, "SplitActors.KernelDigest.dll");

    /// <summary>
    /// A runtime setting of .NET 10, and the widths that the process must then report as slow: a setting of another name would do nothing.
    /// </summary>
    public static TheoryData<string, string> Levels => new()
    {
        { "DOTNET_EnableAVX512", "Vector512=False" },
        { "DOTNET_EnableAVX2", "Vector512=False Vector256=False" },
        { "DOTNET_EnableHWIntrinsic", "Vector512=False Vector256=False Vector128=False" },
    };

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task Digest_WithoutNewerInstructions_IsTheSame(string setting, string widths)
    {
        var (digest, vectors) = await RunDigestAsync(setting);
        Assert.StartsWith(widths, vectors, StringComparison.Ordinal);
        Assert.Equal(Digest.Compute(Repository.Quill), digest);
    }

    private static async Task<(string Digest, string Vectors)> RunDigestAsync(string settingOff)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [DigestProgram, Repository.Quill])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [settingOff] = "0" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"Exit code {process.ExitCode}: {await errors}");
        return output.Split('\n') is [var digest, var vectors, ..] ? (digest, vectors) : throw new InvalidOperationException(output);
    }
}
