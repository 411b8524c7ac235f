using System.Diagnostics;
using System.Text.RegularExpressions;
using SplitActors.KernelDigest;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Kernels;

/// <summary>
/// Runs the kernel digest and all other tests of kernels in processes whose runtime may not use newer instructions: the same bits must come out,
/// and each kernel must meet its scalar reference.
/// </summary>
public sealed partial class InstructionSetTests
{
    /// <summary>Far fewer would mean that the filter has lost them.</summary>
    private const int KernelTestsMin = 400;

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
        var lines = (await RunAsync(setting, DigestProgram, Repository.Quill)).Split('\n');
        Assert.StartsWith(widths, lines[1], StringComparison.Ordinal);
        Assert.Equal(Digest.Compute(Repository.Quill), lines[0]);
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task KernelTests_WithoutNewerInstructions_Pass(string setting)
    {
        var filter = $"FullyQualifiedName~{typeof(InstructionSetTests).Namespace}&FullyQualifiedName!~{nameof(InstructionSetTests)}";
        var output = await RunAsync(setting, "vstest", typeof(InstructionSetTests).Assembly.Location, $"--TestCaseFilter:{filter}");
        var passed = PassedCount().Match(output);
        Assert.True(passed.Success && int.Parse(passed.Groups["count"].Value) >= KernelTestsMin, output);
    }

    [GeneratedRegex(@"Passed: +(?<count>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PassedCount();

    internal static async Task<string> RunAsync(string settingOff, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
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
        Assert.True(process.ExitCode == 0, $"Exit code {process.ExitCode}: {await errors}{output}");
        return output;
    }
}
