using System.Net;
using System.Net.Sockets;

namespace SplitActors.Hosts.Chaos;

/// <summary>The way to one node: takes connections at its public address, learns who dialled, and passes them on as far as the network lets it.</summary>
internal sealed class TcpProxy : IDisposable
{
    private static readonly TimeSpan EndTimeMax = TimeSpan.FromSeconds(10);

    private readonly ChaosNetwork _network;
    private readonly string _name;
    private readonly TcpListener _listener;
    private readonly IPEndPoint _target;
    private readonly List<Connection> _connections = [];
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private bool _isDisposed;

    /// <param name="network">Says what passes.</param>
    /// <param name="name">Of the node.</param>
    /// <param name="address">Where others dial it.</param>
    /// <param name="target">Where it listens.</param>
    public TcpProxy(ChaosNetwork network, string name, IPEndPoint address, IPEndPoint target)
    {
        (_network, _name, _target) = (network, name, target);
        _listener = new TcpListener(address);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Closes the connections whose link is cut now.</summary>
    public void CloseCut()
    {
        lock (_lock)
            _connections.ForEach(connection => connection.CloseIf(_network.IsCut(connection.From, _name)));
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_lock)
        {
            _isDisposed = true;
            _connections.ForEach(connection => connection.CloseIf(true));
        }

        _accepting.Wait(EndTimeMax);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception closed) when (closed is ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var handshake = await AssociationHandshake.ReadAsync(client.GetStream());
                if (_network.NameOf(AssociationHandshake.HostIn(handshake)) is { } from)
                    await ServeAsync(new Connection(from, client, server), handshake);
            }
            catch (Exception closed) when (closed is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // One side is gone, and so is the other.
            }
        }
    }

    private async Task ServeAsync(Connection connection, byte[] handshake)
    {
        lock (_lock)
            _connections.Add(connection);
        try
        {
            connection.CloseIf(_isDisposed || _network.IsCut(connection.From, _name)); // a later cut finds it among the connections
            await _network.PassAsync(connection.From, _name);
            await connection.Server.ConnectAsync(_target);
            await connection.Server.GetStream().WriteAsync(handshake);
            var there = PumpAsync(connection, connection.Client, connection.Server);
            await await Task.WhenAny(there, PumpAsync(connection, connection.Server, connection.Client));
        }
        finally
        {
            lock (_lock)
                _connections.Remove(connection);
        }
    }

    /// <summary>The end of a connection does not pass a link that stands still either.</summary>
    private async Task PumpAsync(Connection connection, TcpClient from, TcpClient to)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var byteCount)
            {
                await _network.PassAsync(connection.From, _name);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, byteCount));
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone.
        }

        if (!connection.IsClosed)
            await _network.PassAsync(connection.From, _name);
    }

    private sealed record Connection(string From, TcpClient Client, TcpClient Server)
    {
        private volatile bool _isClosed;

        public bool IsClosed => _isClosed;

        public void CloseIf(bool isSo)
        {
            if (!isSo)
                return;
            _isClosed = true;
            Client.Close();
            Server.Close();
        }
    }
}
