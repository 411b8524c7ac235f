using System.Net;
using System.Net.Sockets;
using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class TcpProxyTests : IDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _limit = new(TimeMax);

    public TcpProxyTests() => _server.Start();

    public void Dispose()
    {
        _server.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task Freeze_HoldsBytesBack_UntilMended()
    {
        using var proxy = new TcpProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        using var client = await ConnectAsync(proxy);
        using var accepted = await _server.AcceptTcpClientAsync(_limit.Token);
        await client.GetStream().WriteAsync(new byte[] { 1 }, _limit.Token);
        Assert.Equal(1, await ReadAsync(accepted));

        proxy.Freeze();
        await client.GetStream().WriteAsync(new byte[] { 2 }, _limit.Token);
        var held = ReadAsync(accepted);
        proxy.Mend();
        Assert.Equal(2, await held);
        Assert.Equal(2, proxy.SentBytes);
    }

    [Fact]
    public async Task Freeze_PassesNothing()
    {
        using var proxy = new TcpProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        proxy.Freeze();
        using var client = await ConnectAsync(proxy);
        using var accepted = await _server.AcceptTcpClientAsync(_limit.Token);
        await client.GetStream().WriteAsync(new byte[] { 1 }, _limit.Token);
        await accepted.GetStream().WriteAsync(new byte[] { 2 }, _limit.Token);
        proxy.Cut(); // what it held back is lost
        Assert.Equal(-1, await ReadAsync(accepted));
        Assert.Equal((0, 0), (proxy.SentBytes, proxy.ReceivedBytes));
    }

    [Fact]
    public async Task Cut_ClosesOldAndNewConnections_UntilMended()
    {
        using var proxy = new TcpProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        using var client = await ConnectAsync(proxy);
        using var accepted = await _server.AcceptTcpClientAsync(_limit.Token);
        proxy.Cut();
        Assert.Equal(-1, await ReadAsync(client));
        Assert.Equal(-1, await ReadAsync(accepted));
        using var refused = await ConnectAsync(proxy);
        Assert.Equal(-1, await ReadAsync(refused));
        Assert.Equal(1, proxy.RefusedCount);

        proxy.Mend();
        using var again = await ConnectAsync(proxy);
        using var other = await _server.AcceptTcpClientAsync(_limit.Token);
        await other.GetStream().WriteAsync(new byte[] { 3 }, _limit.Token);
        Assert.Equal(3, await ReadAsync(again));
    }

    private async Task<TcpClient> ConnectAsync(TcpProxy proxy)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, _limit.Token);
        return client;
    }

    /// <returns>A byte, or -1 at the end.</returns>
    private async Task<int> ReadAsync(TcpClient from)
    {
        var buffer = new byte[1];
        try
        {
            return await from.GetStream().ReadAsync(buffer, _limit.Token) == 1 ? buffer[0] : -1;
        }
        catch (IOException)
        {
            return -1; // it was reset
        }
    }
}
