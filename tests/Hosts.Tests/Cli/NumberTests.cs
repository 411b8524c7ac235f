using System.CommandLine;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Cli.Nodes;
using SplitActors.Inference;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Numbers that what computes with them cannot hold: all are found before anything is loaded, and quoted as they were given.</summary>
public sealed class NumberTests
{
    [Theory]
    [InlineData("--temperature", "1e39")]
    [InlineData("--temperature", "NaN")]
    [InlineData("--temperature", "Infinity")]
    [InlineData("--top-p", "1e-50")]
    [InlineData("--top-p", "1e39")]
    [InlineData("--min-p", "1e39")]
    [InlineData("--repetition-penalty", "1e-50")]
    [InlineData("--repetition-penalty", "1e-45")]
    [InlineData("--repetition-penalty", "1e30")]
    [InlineData("--tolerance", "1e309")]
    [InlineData("--threshold", "1e39rms")]
    [InlineData("--threshold", "1e-50")]
    [InlineData("--threshold", "q1e-50")]
    [InlineData("--fallback-after", "1e-320")]
    [InlineData("--fallback-after", "0.0001")]
    [InlineData("--handoff-deadline", "0")]
    [InlineData("--handoff-deadline", "1e-9")]
    [InlineData("--deadline", "0")]
    [InlineData("--deadline", "0ms/token")]
    [InlineData("--deadline", "1e-9ms")]
    [InlineData("--deadline", "1e300s")]
    [InlineData("--max-tokens", "-0.5")]
    [InlineData("--max-tokens", "4294967297")]
    [InlineData("--link", "bandwidth=1e308Gbit,rtt=1ms")]
    [InlineData("--link", "bandwidth=1e-300bit,rtt=1ms")]
    [InlineData("--link", "bandwidth=99bit,rtt=1ms")]
    [InlineData("--link", "bandwidth=5Mbit,rtt=1ms,down=1e-320bit")]
    [InlineData("--link", "bandwidth=5Mbit,rtt=1ms,loss=0.9999999")]
    [InlineData("--link", "bandwidth=5Mbit,rtt=1e300s")]
    [InlineData("--link", "rayleigh:bw=1e308GHz,snr=10")]
    [InlineData("--link", "rayleigh:bw=1Hz,snr=-60dB")]
    [InlineData("--link", "rayleigh:bw=10MHz,snr=10,eps=0.99999999")]
    public void RunOptions_NumberThatCannotBeKept_IsRefusedWithItsText(string option, string text) =>
        Refuses(RunCommand.Create(), parsed => RunOptions.Read(parsed), option, text);

    [Theory]
    [InlineData("--device-memory", "0MB")]
    [InlineData("--device-memory", "0.0000001kB")]
    [InlineData("--device-memory", "99999999999999GB")]
    [InlineData("--device-memory-at", "3:0MB")]
    public void RunOptions_SizeOfNothing_IsRefusedWithItsText(string option, string text) =>
        Refuses(RunCommand.Create(), parsed => RunOptions.Read(parsed), option, text, "--split", "auto");

    [Theory]
    [InlineData("--device-memory", "0MB")]
    [InlineData("--deadline", "0")]
    [InlineData("--tokens", "0")]
    [InlineData("--worker-queue", "1e300s")]
    public void PlanOptions_NumberThatCannotBeKept_IsRefusedWithItsText(string option, string text) =>
        Refuses(PlanCommand.Create(), parsed => PlanOptions.Read(parsed), option, text);

    [Theory]
    [InlineData("--minutes", "1e-300")]
    [InlineData("--minutes", "1e300")]
    [InlineData("--deadline", "0ms")]
    [InlineData("--offload", "0")]
    public void SimulateOptions_NumberThatCannotBeKept_IsRefusedWithItsText(string option, string text) =>
        Refuses(SimulateCommand.Create(), parsed => SimulateOptions.Read(parsed), option, text);

    [Theory]
    [InlineData("rd:nan")]
    [InlineData("rd:0")]
    [InlineData("rd:1e39")]
    [InlineData("rd+klt:-1")]
    public void CodecMeasureOptions_StepThatCannotBeKept_IsRefusedWithItsText(string codec) =>
        Refuses(CodecMeasureCommand.Create(), parsed => CodecMeasureOptions.Read(parsed), "--codec", codec, "--text", "text");

    [Fact]
    public void ChaosOptions_ContextOfNothing_IsRefusedInALine()
    {
        var message = Refuses(ChaosCommand.Create(), parsed => ChaosOptions.Read(parsed), "--contexts", "0");

        Assert.InRange(message.Length, 1, 200); // and not a list of 65,536 numbers
    }

    [Theory]
    [InlineData("--memory", "0MB")]
    [InlineData("--max-sessions", "0")]
    public void WorkerRole_LimitOfNothing_IsRefusedWithItsText(string option, string text) =>
        Refuses(WorkerCommand.Create(), parsed => WorkerRole.Read(new SettingReader(parsed, config: null), NodeSettings.FirstLayer), option, text);

    [Theory]
    [InlineData("1e-300")]
    [InlineData("0")]
    public void NodeRoles_TimesThatNoTimerHas_AreRefusedWithTheirText(string seconds)
    {
        Refuses(EdgeCommand.Create(), parsed => EdgeRole.Read(new SettingReader(parsed, config: null), parsed), "--patience", seconds);
        Refuses(SchedulerCommand.Create(), parsed => SchedulerRole.Read(new SettingReader(parsed, config: null)), "--status-every", seconds);
    }

    private static string Refuses(Command command, Action<ParseResult> read, string option, string text, params string[] more)
    {
        var parsed = new RootCommand { command }.Parse([command.Name, .. more, $"{option}={text}"]);
        Assert.Empty(parsed.Errors);
        var error = Assert.Throws<UserErrorException>(() => read(parsed));
        Assert.Equal(UserErrorKind.Options, error.Kind);
        Assert.StartsWith(option, error.Place, StringComparison.Ordinal);
        Assert.Contains(Quoted(error.Place, text), error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    /// <summary>Of a link the field, if the error is about one.</summary>
    private static string Quoted(string place, string text) => place.Split(", ") is [_, var field]
        ? text.Split(',', ':').Single(pair => pair.StartsWith($"{field}=", StringComparison.Ordinal))[(field.Length + 1)..]
        : text;
}
