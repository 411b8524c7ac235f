using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// The network of a cluster on this machine: each node has a loopback address of its own, where it is reached through a proxy, and a link
/// between any two nodes can be cut or stand still in both
/// directions, whoever dialled. Thread-safe.
/// </summary>
internal sealed class ChaosNetwork : IDisposable
{
    /// <summary>Others dial it; the proxy has it.</summary>
    public const int PublicPort = 7070;

    /// <summary>The node itself listens there.</summary>
    public const int NodePort = 7071;

    private const int HostsPerNet = 250;
    private const int AttemptsMax = 100;

    private readonly TcpListener _claim;
    private readonly int _net;
    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal); // by host
    private readonly ConcurrentDictionary<string, TcpProxy> _proxies = new(StringComparer.Ordinal); // by name
    private ImmutableArray<LinkBreak> _breaks = [];
    private int _hostCount;

    /// <summary>Takes 127.x.*.* with an x that no other run on this machine has.</summary>
    public ChaosNetwork()
    {
        for (var attempt = 1; ; attempt++)
        {
            _net = RandomNumberGenerator.GetInt32(1, 255);
            _claim = new TcpListener(IPAddress.Parse($"127.{_net}.255.254"), PublicPort) { ExclusiveAddressUse = true };
            try
            {
                _claim.Start();
                return;
            }
            catch (SocketException) when (attempt < AttemptsMax)
            {
                _claim.Dispose();
            }
        }
    }

    /// <summary>Gives a node an address, for as long as the run lasts or until it is removed.</summary>
    /// <returns>The host; the node is to listen at <see cref="NodePort"/> there.</returns>
    public string Add(string name)
    {
        var number = Interlocked.Increment(ref _hostCount) - 1;
        var host = $"127.{_net}.{number / HostsPerNet}.{1 + (number % HostsPerNet)}";
        _names[host] = name;
        var address = IPAddress.Parse(host);
        _proxies[name] = new TcpProxy(this, name, new IPEndPoint(address, PublicPort), new IPEndPoint(address, NodePort));
        return host;
    }

    public void Remove(string name)
    {
        if (_proxies.TryRemove(name, out var proxy))
            proxy.Dispose();
    }

    /// <summary>Breaks links between nodes until what this returns is disposed of.</summary>
    /// <param name="separates">Whether the link between two nodes breaks; it is asked in one order or the other.</param>
    /// <param name="freezes">
    /// Nothing passes, nothing is closed, and nothing is lost: it comes late, as TCP sends again what a network swallowed. Else connections
    /// are closed, and
    /// new ones at once.
    /// </param>
    public IDisposable Break(Func<string, string, bool> separates, bool freezes)
    {
        var broken = new LinkBreak(this, (from, to) => separates(from, to) || separates(to, from), freezes);
        ImmutableInterlocked.Update(ref _breaks, breaks => breaks.Add(broken));
        if (!freezes)
        {
            foreach (var proxy in _proxies.Values)
                proxy.CloseCut();
        }

        return broken;
    }

    /// <summary>The node that has a host; null: none.</summary>
    internal string? NameOf(string? host) => host is null ? null : _names.GetValueOrDefault(host);

    internal bool IsCut(string from, string to) => _breaks.Any(broken => !broken.Freezes && broken.Separates(from, to));

    /// <summary>Waits as long as the link stands still.</summary>
    internal async ValueTask PassAsync(string from, string to)
    {
        while (_breaks.FirstOrDefault(broken => broken.Freezes && broken.Separates(from, to)) is { } frozen)
            await frozen.Mended;
    }

    public void Dispose()
    {
        foreach (var broken in _breaks)
            broken.Dispose();
        foreach (var name in _proxies.Keys)
            Remove(name);
        _claim.Dispose();
    }

    private sealed record LinkBreak(ChaosNetwork Network, Func<string, string, bool> Separates, bool Freezes) : IDisposable
    {
        private readonly TaskCompletionSource _mended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Mended => _mended.Task;

        public void Dispose()
        {
            ImmutableInterlocked.Update(ref Network._breaks, breaks => breaks.Remove(this));
            _mended.TrySetResult();
        }
    }
}
