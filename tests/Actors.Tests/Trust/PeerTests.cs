using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Trust;

public sealed class PeerTests
{
    [Theory]
    [InlineData("edge/gw1", PeerKind.Device, "edge/gw1")]
    [InlineData("edge/gw1/0000000000000001", PeerKind.Device, "edge/gw1")]
    [InlineData("edge/gw1/worker/1", PeerKind.Device, "edge/gw1")]
    [InlineData("worker/gpu1", PeerKind.Worker, "worker/gpu1")]
    [InlineData("worker/gpu1/b", PeerKind.Worker, "worker/gpu1")]
    [InlineData("scheduler", PeerKind.Other, "scheduler")]
    [InlineData("", PeerKind.Other, "")]
    [InlineData("edge", PeerKind.Other, "edge")]
    [InlineData("edge/", PeerKind.Other, "edge/")]
    [InlineData("edge//1", PeerKind.Other, "edge//1")]
    [InlineData("worker/", PeerKind.Other, "worker/")]
    [InlineData("workers/1", PeerKind.Other, "workers/1")]
    [InlineData("Edge/gw1", PeerKind.Other, "Edge/gw1")]
    public void Of_AnAddress_IsWhoMayUseIt(string address, PeerKind kind, string name) => Assert.Equal(new Peer(kind, name), Peer.Of(address));

    public static TheoryData<IMessage, bool, bool> Requests => new()
    {
        { new Hello { Role = Role.Edge }, true, false },
        { new Hello { Role = Role.Worker }, false, true },
        { new Hello(), true, false },
        { new PlanRequest(), true, false },
        { new LinkReport(), true, false },
        { new OpenSession(), true, false },
        { new DecodeStep(), true, false },
        { new CloseSession(), true, false },
        { new WorkerStatus { Leaving = true }, false, true },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void FindFault_OfARequest_GoesByTheAddressAndNotByTheMessage(IMessage body, bool isForDevices, bool isForWorkers)
    {
        Assert.Equal(isForDevices, Peer.Of("edge/gw1/1").FindFault(body) is null);
        Assert.Equal(isForWorkers, Peer.Of("worker/gpu1").FindFault(body) is null);
        Assert.Equal(RejectReason.BadRequest, Peer.Of("scheduler").FindFault(body)!.Reason);
    }

    [Fact]
    public void Keys_OfOneIdOnTwoDevices_AreTwo_AndOfOneDevicesProcessesOne()
    {
        Assert.NotEqual(SessionKey.Of("edge/gw1/1", 7), SessionKey.Of("edge/gw2/1", 7));
        Assert.Equal(SessionKey.Of("edge/gw1/1", 7), SessionKey.Of("edge/gw1/2", 7));
        Assert.True(SessionKey.Of("edge/gw1/1", 7) < SessionKey.Of("edge/gw2/1", 7));
        Assert.True(SessionKey.Of("edge/gw2/1", 7) < SessionKey.Of("edge/gw1/1", 8));
    }
}
