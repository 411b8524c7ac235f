using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>What one device may have, as options of those who give it.</summary>
public sealed class DeviceLimitTests
{
    [Theory]
    [InlineData("worker", "--device-sessions", "0", "1 to 65536")]
    [InlineData("worker", "--device-tokens", "0", "1 to 2147483647")]
    [InlineData("scheduler", "--device-sessions", "-1", "1 to 65536")]
    [InlineData("scheduler", "--device-tokens", "many", "1 to 2147483647")]
    [InlineData("cloud", "--device-sessions", "70000", "1 to 65536")]
    public async Task Limits_OutOfTheirRange_AreRefused_NamingTheRange(string role, string option, string value, string range)
    {
        var result = await SplitActorsProcess.RunAsync(role, option, value);
        result.Refused(ExitCode.Options, option, range, $"'{value}'");
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("scheduler")]
    [InlineData("cloud")]
    public async Task Help_NamesEachLimitOnce(string role)
    {
        var result = await SplitActorsProcess.RunAsync(role, "--help");
        Assert.Equal(ExitCode.Success, result.ExitCode);
        Assert.Equal(2, result.Output.Split("--device-sessions").Length);
        Assert.Equal(2, result.Output.Split("--device-tokens").Length);
    }
}
