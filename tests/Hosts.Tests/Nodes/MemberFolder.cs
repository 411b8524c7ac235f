using System.Net;
using System.Net.Sockets;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A cluster's folder on this machine, made as a user makes it.</summary>
internal sealed class MemberFolder : IDisposable
{
    private readonly TemporaryFolder _place = new();

    /// <param name="port">Of the first node.</param>
    public static async Task<MemberFolder> CreateAsync(int port)
    {
        var folder = new MemberFolder();
        (await SplitActorsProcess.RunAsync("cluster", "init", folder._place.PathTo("cluster"), "--node", "cloud1", "--node", "gpu1", "--device", "pi1", "--port", $"{port}")).Succeeded();
        return folder;
    }

    /// <summary>One that nobody had a moment ago, with some free above it in all likelihood.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public NodeProcess Start(string command, string name, params string[] options) => new(
        [command, .. options, "--config", _place.PathTo("cluster", $"{name}.conf"), .. command == "scheduler" ? (string[])[] : ["--threads", "1"]]);

    public void Dispose() => _place.Dispose();
}
