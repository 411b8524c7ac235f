using System.Net;
using System.Net.Sockets;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>A network between a client and a broker that can be cut, or fall silent.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly List<TcpClient> _clients = [];
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private volatile bool _isCut;
    private volatile bool _isSilent;
    private int _refusedCount;
    private long _sentBytes;
    private long _receivedBytes;

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

    public void Mend() => (_isCut, _isSilent) = (false, false);

    /// <summary>Reads nothing any more, and closes nothing.</summary>
    public void FallSilent() => _isSilent = true;

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
        _accepting.Wait(TimeSpan.FromSeconds(10));
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
            // The end of the test.
        }
    }

    private void Connect(TcpClient client)
    {
        if (_isCut)
        {
            client.Close();
            Interlocked.Increment(ref _refusedCount);
            return;
        }

        var server = new TcpClient("127.0.0.1", _target);
        lock (_lock)
            _clients.AddRange([client, server]);
        _ = PumpAsync(client, server, count => Interlocked.Add(ref _sentBytes, count));
        _ = PumpAsync(server, client, count => Interlocked.Add(ref _receivedBytes, count));
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
