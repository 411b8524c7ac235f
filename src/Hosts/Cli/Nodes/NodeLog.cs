using System.Text.Encodings.Web;
using System.Text.Json;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>What a process that serves tells its operator: a line with the time for each event, on standard error or, as JSON, on standard output. Thread-safe.</summary>
internal sealed class NodeLog(bool isJson, TimeProvider clock)
{
    private static readonly JsonSerializerOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _writing = new();

    /// <param name="name">Of the event, for machines.</param>
    /// <param name="message">A sentence without full stop.</param>
    public void Write(string name, string message)
    {
        var now = clock.GetLocalNow();
        lock (_writing)
        {
            if (isJson)
                Console.Out.WriteLine(JsonSerializer.Serialize(new { time = now.ToString("O"), @event = name, message }, Format));
            else
                Console.Error.WriteLine(FormattableString.Invariant($"{now:HH:mm:ss.fff} {message}"));
        }
    }

    /// <summary>Something inside, or outside, is not as it should be.</summary>
    public void Warn(string message) => Write("warning", message.TrimEnd('.'));
}
