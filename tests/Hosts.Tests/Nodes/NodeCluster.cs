using System.Net;
using System.Net.Sockets;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A cluster of processes on loopback, started as a user starts them, and what they are to come to.</summary>
internal sealed class NodeCluster
{
    private const string Host = "127.0.0.1";

    /// <summary>Where its first node listens: a port that nobody has.</summary>
    public string Address { get; } = $"{Host}:{FreePort()}";

    /// <summary>The first: the others join by it.</summary>
    public NodeProcess First(string command, params string[] options) => new([command, "--listen", Address, .. options]);

    public NodeProcess Worker(string name, params string[] options) => new(["worker", "--join", Address, "--name", name, "--threads", "1", .. options]);

    public NodeProcess Edge(string prompt, int maxTokens, params string[] options) =>
        new(["edge", prompt, "--join", Address, "--threads", "1", "--max-tokens", $"{maxTokens}", .. options]);

    public static async Task<string> UndisturbedAsync(string prompt, int maxTokens) =>
        (await SplitActorsProcess.RunAsync("run", prompt, "--max-tokens", $"{maxTokens}", "--threads", "1")).Text;

    /// <summary>All leave when they are asked to.</summary>
    public static async Task EndAsync(params NodeProcess[] nodes)
    {
        foreach (var node in nodes)
        {
            await node.SignalAsync("TERM");
            Assert.Equal(ExitCode.Success, (await node.EndAsync()).ExitCode);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
