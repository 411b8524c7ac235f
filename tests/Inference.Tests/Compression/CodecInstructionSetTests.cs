using System.Text.RegularExpressions;
using SplitActors.Inference.Tests.Kernels;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Runs the tests of stored frames and of frequency tables in processes whose runtime may not use newer instructions.</summary>
public sealed partial class CodecInstructionSetTests
{
    /// <summary>Far fewer would mean that the filter has lost them.</summary>
    private const int TestsMin = 40;

    /// <summary>Not this class, or each process would start another.</summary>
    private const string Filter =
        "FullyQualifiedName~GoldenFrameTests|FullyQualifiedName~GoldenRateDistortionTests|FullyQualifiedName~HasTheFrequenciesItAlwaysHad|FullyQualifiedName~RansTests";

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task StoredFrames_WithoutNewerInstructions_AreTheSame(string setting)
    {
        var output = await InstructionSetTests.RunAsync(setting, "vstest", typeof(CodecInstructionSetTests).Assembly.Location, $"--TestCaseFilter:{Filter}");
        var passed = PassedCount().Match(output);
        Assert.True(passed.Success && int.Parse(passed.Groups["count"].Value) >= TestsMin, output);
    }

    [GeneratedRegex(@"Passed: +(?<count>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PassedCount();
}
