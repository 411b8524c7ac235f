using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton.Serialization;
using SplitActors.Actors.Cluster;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>
/// A scheduler that is killed and started again begins another cluster at the same address. The worker that it left asks that address for the
/// singletons of the old cluster.
/// </summary>
public sealed class MemberSingletonTests : IAsyncDisposable
{
    private const string HandOverToMe = "A"; // its manifest
    private const string Managers = "/user/scheduler-aa /system/sharding/backend-workerCoordinator";
    private const string Singletons = "/user/scheduler-aa/aa /system/sharding/backend-workerCoordinator/singleton";

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    private readonly TestNode _node = new(slot: "gpu1", serves: true);
    private TestNode? _other;

    public async ValueTask DisposeAsync()
    {
        if (_other is not null)
            await _other.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task NodeOfAnotherCluster_AsksForTheSingletons_TheyStay()
    {
        await SingletonsAsync(2);
        _other = new TestNode(serves: true);
        await _other.UpAsync(1);
        await AskAsync(_other);

        Assert.Equal(2, await CountAsync());
    }

    /// <summary>The same question from a member is answered: else the test above could not fail.</summary>
    [Fact]
    public async Task Member_AsksForTheSingletons_TheyGo()
    {
        await SingletonsAsync(2);
        _other = new TestNode(seed: _node, serves: true);
        await _other.UpAsync(2);
        await AskAsync(_other);

        await SingletonsAsync(0);
    }

    [Fact]
    public async Task Payload_OfNoMember_IsRefused()
    {
        await _node.UpAsync(1);
        var serializer = Assert.IsType<MemberSingletonSerializer>(_node.System.Serialization.FindSerializerFor(Question(_node.System)));
        var payload = serializer.ToBinary(Question(_node.System));

        Assert.Equal(14, serializer.Identifier);
        Assert.Equal(Question(_node.System), serializer.FromBinary(payload, HandOverToMe));
        payload[0] ^= 1;
        Assert.Throws<SerializationException>(() => serializer.FromBinary(payload, HandOverToMe));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([], HandOverToMe));
    }

    private static object Question(ActorSystem system) => new ClusterSingletonMessageSerializer((ExtendedActorSystem)system).FromBinary([], HandOverToMe);

    /// <summary>Asks the managers, and returns when they have read it.</summary>
    private async Task AskAsync(TestNode from)
    {
        foreach (var path in Managers.Split(' '))
        {
            var manager = from.System.ActorSelection(new RootActorPath(Akka.Cluster.Cluster.Get(_node.System).SelfAddress) + path);
            manager.Tell(Question(from.System));
            Assert.NotNull((await manager.Ask<ActorIdentity>(new Identify(1), TimeMax)).Subject);
        }
    }

    private async Task SingletonsAsync(int count)
    {
        while (await CountAsync() != count)
            await Task.Delay(10).WaitAsync(TimeMax);
    }

    private async Task<int> CountAsync()
    {
        var count = 0;
        foreach (var path in Singletons.Split(' '))
        {
            var identity = await _node.System.ActorSelection(path).Ask<ActorIdentity>(new Identify(1), TimeMax);
            count += identity.Subject is null ? 0 : 1;
        }

        return count;
    }
}
