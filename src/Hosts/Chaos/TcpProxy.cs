using System.Net;
using System.Net.Sockets;

namespace SplitActors.Hosts.Chaos;

/// <summary>A network between clients and a server of this machine that can be cut, stand still, or fall silent.</summary>
internal sealed class TcpProxy : IDisposable
{
    private static readonly TimeSpan EndTimeMax = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly List<TcpClient> _clients = [];
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private volatile bool _isCut;
    private volatile bool _isSilent;
    private volatile TaskCompletionSource? _thaw;
    private int _refusedCount;
    private long _sentBytes;
    private long _receivedBytes;

    /// <param name="target">The server's port, on loopback.</param>
    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that were closed at once, as it is cut.</summary>
    public int RefusedCount => Volatile.Read(ref _refusedCount);

    /// <summary>From clients so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>To clients so far.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Closes all connections, and new ones at once.</summary>
    public void Cut()
    {
        _isCut = true;
        lock (_lock)
        {
            foreach (var client in _clients)
                client.Close();
            _clients.Clear();
        }
    }

    /// <summary>Nothing passes, and nothing is lost: it comes late, as TCP sends again what a network swallowed.</summary>
    public void Freeze() => _thaw ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend()
    {
        (_isCut, _isSilent) = (false, false);
        var thaw = _thaw;
        _thaw = null;
        thaw?.SetResult();
    }

    /// <summary>Reads nothing any more from the connections that there are, and closes nothing.</summary>
    public void FallSilent() => _isSilent = true;

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
        _thaw?.TrySetResult();
        _accepting.Wait(EndTimeMax);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                Connect(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception closed) when (closed is ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // The end.
        }
    }

    private void Connect(TcpClient client)
    {
        var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        lock (_lock)
        {
            if (!_isCut)
            {
                _clients.AddRange([client, server]);
                _ = ForwardAsync(client, server);
                return;
            }
        }

        client.Close();
        server.Dispose();
        Interlocked.Increment(ref _refusedCount);
    }

    private async Task ForwardAsync(TcpClient client, TcpClient server)
    {
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
        }
        catch (Exception refused) when (refused is SocketException or ObjectDisposedException)
        {
            client.Close(); // as the server would
            return;
        }

        await Task.WhenAll(
            PumpAsync(client, server, count => Interlocked.Add(ref _sentBytes, count)),
            PumpAsync(server, client, count => Interlocked.Add(ref _receivedBytes, count)));
        if (_isSilent)
            return; // they stay open
        lock (_lock)
            _clients.RemoveAll(ended => ended == client || ended == server);
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Action<int> count)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (!_isSilent && await from.GetStream().ReadAsync(buffer) is > 0 and var byteCount)
            {
                if (_isSilent)
                    return;
                if (_thaw is { } thaw)
                    await thaw.Task;
                count(byteCount);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, byteCount));
            }

            if (!_isSilent)
                to.Close();
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or InvalidOperationException)
        {
            to.Close();
        }
    }
}
