using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Cluster;

public sealed class PeerEndpointTests : IAsyncDisposable
{
    private const string Scheduler = $"scheduler/{TestNode.Model}";
    private const string Worker = "worker/gpu1";
    private const string Edge = "edge/pi1/7";

    private readonly TestNode _cloud = new(serves: true);
    private readonly TestNode _worker;
    private readonly TestNode _device;

    public PeerEndpointTests()
    {
        _worker = new TestNode(seed: _cloud, slot: "gpu1");
        _device = new TestNode(seed: _cloud, device: "pi1");
        foreach (var node in new[] { _cloud, _worker })
        {
            node.React = (name, peers, message) =>
            {
                if (message is Received { Body: DecodeStep step } received)
                    peers.Send(name, received.From, new StepResult { NextPosition = (uint)step.Frame.Length });
            };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _device.DisposeAsync();
        await _worker.DisposeAsync();
        await _cloud.DisposeAsync();
    }

    [Theory]
    [InlineData(Worker, 100)]
    [InlineData(Worker, 3_000_000)]
    [InlineData(Scheduler, 100)]
    public async Task Message_OfAnyLength_ArrivesAndIsAnswered(string to, int byteCount)
    {
        await _device.UpAsync(3);
        _device.StartEdge(Edge);
        await _device.SendAsync(Edge, to, new DecodeStep { Frame = ByteString.CopyFrom(new byte[byteCount]) });

        var answer = await _device.NextAsync<Received>(Edge);
        Assert.Equal(new Received(to, new StepResult { NextPosition = (uint)byteCount }), answer);
        Assert.Empty(_cloud.Reports.Concat(_worker.Reports).Concat(_device.Reports));
    }

    [Fact]
    public async Task Message_ToASlotThatNobodyHas_ComesBack()
    {
        await _device.UpAsync(3);
        _device.StartEdge(Edge);
        await _device.SendAsync(Edge, "worker/gpu9", new Nack());

        Assert.Contains("has the slot gpu9", (await _device.NextAsync<Undelivered>(Edge)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watcher_OfAWorkerWhoseNodeEnds_IsTold()
    {
        await _device.UpAsync(3);
        _device.StartEdge(Edge);
        await _device.SendAsync(Edge, Worker, new DecodeStep());
        await _device.NextAsync<Received>(Edge);
        _device.Peers[Edge].Watch(Worker, Edge);
        await _worker.KillAsync();

        Assert.Equal(Worker, (await _device.NextAsync<PeerLost>(Edge)).Address);
    }
}
