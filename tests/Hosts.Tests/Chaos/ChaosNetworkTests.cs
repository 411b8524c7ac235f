using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Tests.Chaos;

/// <summary>Nodes a and b of a network: a dials b, as nodes do.</summary>
public sealed class ChaosNetworkTests : IDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly ChaosNetwork _network = new();
    private readonly CancellationTokenSource _limit = new(TimeMax);
    private readonly string _dialler;
    private readonly string _target;
    private readonly TcpListener _server;

    public ChaosNetworkTests()
    {
        (_dialler, _target) = (_network.Add("a"), _network.Add("b"));
        _server = new TcpListener(IPAddress.Parse(_target), ChaosNetwork.NodePort);
        _server.Start();
    }

    public void Dispose()
    {
        _network.Dispose();
        _server.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task Connection_PassesBothWays()
    {
        var (client, accepted) = await OpenAsync();
        await client.GetStream().WriteAsync(new byte[] { 1 }, _limit.Token);
        await accepted.GetStream().WriteAsync(new byte[] { 2 }, _limit.Token);

        Assert.Equal((1, 2), (await ReadAsync(accepted), await ReadAsync(client)));
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("b", "a")]
    public async Task Freeze_HoldsBytesBack_UntilMended_WhoeverDialled(string one, string other)
    {
        var (client, accepted) = await OpenAsync();
        var broken = _network.Break((from, to) => from == one && to == other, freezes: true);
        await accepted.GetStream().WriteAsync(new byte[] { 2 }, _limit.Token);
        var held = ReadAsync(client);
        var (third, _) = await OpenAsync(from: "c"); // passes all the while
        Assert.False(held.IsCompleted);
        broken.Dispose();

        Assert.Equal(2, await held);
        third.Dispose();
    }

    [Fact]
    public async Task Freeze_HoldsTheEndBackToo()
    {
        var (client, accepted) = await OpenAsync();
        var broken = _network.Break((_, _) => true, freezes: true);
        accepted.Close();
        var held = ReadAsync(client);
        Assert.False(held.IsCompleted);
        broken.Dispose();

        Assert.Equal(-1, await held);
    }

    [Fact]
    public async Task Cut_ClosesOldAndNewConnections_UntilMended()
    {
        var (client, accepted) = await OpenAsync();
        var broken = _network.Break((from, to) => from == "b" && to == "a", freezes: false);
        Assert.Equal((-1, -1), (await ReadAsync(client), await ReadAsync(accepted)));
        using var refused = await DialAsync(_dialler);
        Assert.Equal(-1, await ReadAsync(refused));
        broken.Dispose();

        var (again, _) = await OpenAsync();
        Assert.True(again.Connected);
    }

    [Fact]
    public async Task Cut_OfOthers_LeavesTheLink()
    {
        var (client, accepted) = await OpenAsync();
        using var broken = _network.Break((from, to) => from == "a" && to == "c", freezes: false);
        await client.GetStream().WriteAsync(new byte[] { 1 }, _limit.Token);

        Assert.Equal(1, await ReadAsync(accepted));
    }

    [Fact]
    public async Task Stranger_IsNotLetThrough()
    {
        using var stranger = await DialAsync("10.0.0.1");

        Assert.Equal(-1, await ReadAsync(stranger));
    }

    [Fact]
    public void Network_SecondOne_HasOtherHosts()
    {
        using var other = new ChaosNetwork();

        Assert.NotEqual(_dialler, other.Add("a"), StringComparer.Ordinal);
    }

    private async Task<(TcpClient Client, TcpClient Accepted)> OpenAsync(string from = "a")
    {
        var client = await DialAsync(from == "a" ? _dialler : _network.Add(from));
        var accepted = await _server.AcceptTcpClientAsync(_limit.Token);
        var handshake = new byte[4 + BinaryPrimitives.ReadInt32LittleEndian(await ReadExactlyAsync(accepted, 4))];
        await ReadExactlyAsync(accepted, handshake.Length - 4); // it passes as it was
        return (client, accepted);
    }

    /// <summary>With a first frame like that of a node at a host.</summary>
    private async Task<TcpClient> DialAsync(string host)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(_target), ChaosNetwork.PublicPort, _limit.Token);
        byte[] body = [0x12, 0x2A, .. Encoding.ASCII.GetBytes($"splitactors\u0012{host}\u0018tcp")];
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, body.Length);
        await client.GetStream().WriteAsync((byte[])[.. length, .. body], _limit.Token);
        return client;
    }

    private async Task<byte[]> ReadExactlyAsync(TcpClient from, int count)
    {
        var buffer = new byte[count];
        await from.GetStream().ReadExactlyAsync(buffer, _limit.Token);
        return buffer;
    }

    /// <returns>A byte, or -1 at the end.</returns>
    private async Task<int> ReadAsync(TcpClient from)
    {
        var buffer = new byte[1];
        try
        {
            return await from.GetStream().ReadAsync(buffer, _limit.Token) == 1 ? buffer[0] : -1;
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            return -1; // it was reset
        }
    }
}
