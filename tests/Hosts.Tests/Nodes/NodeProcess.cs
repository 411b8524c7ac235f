using System.Text;
using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A process of a cluster that prints a JSON object for each line of its output.</summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5); // some serve all tests of a class

    private readonly RunningProcess _running;
    private readonly StringBuilder _unread = new();
    private readonly List<JsonObject> _lines = [];

    public NodeProcess(params string[] arguments) => _running = new SplitActorsProcess([.. arguments, "--json"]) { TimeLimit = TimeLimit }.Start();

    /// <summary>The next line that fits.</summary>
    public async Task<JsonObject> NextAsync(Func<JsonObject, bool> fits)
    {
        while (true)
        {
            for (var text = _unread.ToString(); text.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var end; text = _unread.ToString())
            {
                _unread.Remove(0, end + 1);
                _lines.Add(JsonNode.Parse(text[..end])!.AsObject());
                if (fits(_lines[^1]))
                    return _lines[^1];
            }

            var read = await _running.ReadOutputAsync();
            if (read.Length == 0)
                Assert.Fail($"The process ended before it said so. It said: {string.Join('\n', _lines.Select(line => line.ToJsonString()))}\n{(await _running.WaitAsync()).Error}");
            _unread.Append(Encoding.UTF8.GetString(read)); // lines of what is read here are ASCII, or come whole
        }
    }

    /// <summary>The message of a scheduler's or worker's next event of this name.</summary>
    public async Task<string> EventAsync(string name) => (await NextAsync(line => line["event"]?.GetValue<string>() == name))["message"]!.GetValue<string>();

    /// <summary>The worker of a session's next plan.</summary>
    public async Task<string> WorkerAsync() => (await NextAsync(line => line["type"]?.GetValue<string>() == "plan"))["worker"]!.GetValue<string>();

    /// <summary>Waits until a session has so many tokens.</summary>
    public Task TokensAsync(int count) => NextAsync(line => line["type"]?.GetValue<string>() == "token" && line["index"]!.GetValue<int>() >= count - 1);

    public Task SignalAsync(string signal) => _running.SignalAsync(signal);

    public Task<ProcessResult> EndAsync() => _running.WaitAsync();

    /// <summary>A session's text, when it has ended well.</summary>
    public async Task<string> TextAsync() => (await EndAsync()).Succeeded().JsonLines[^1]["text"]!.GetValue<string>();

    public void Dispose() => _running.Dispose();
}
