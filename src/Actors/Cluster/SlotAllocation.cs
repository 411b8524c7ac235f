using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using SplitActors.Actors.Cluster.Wire;

namespace SplitActors.Actors.Cluster;

/// <summary>Puts a shard on the node that carries its slot's name and nowhere else, and never moves it on its own: a slot's weights and caches live there.</summary>
public sealed class SlotAllocation(ActorSystem system) : IShardAllocationStrategy
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    /// <summary>Fails later where no owner is up: the coordinator asks again, whereas a throw would leave the shard without a place for good.</summary>
    public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        var owner = _cluster.State.Members.FirstOrDefault(member => member.Status == MemberStatus.Up && member.HasRole(ClusterRoles.SlotOf(shardId)));
        var region = owner is null ? null : currentShardAllocations.Keys.FirstOrDefault(region => AddressOf(region) == owner.Address);
        return region is null
            ? Task.FromException<IActorRef>(new InvalidOperationException($"No node that is up has the slot {shardId}."))
            : Task.FromResult(region);
    }

    public Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress) =>
        Task.FromResult<IImmutableSet<string>>(ImmutableHashSet<string>.Empty);

    private Address AddressOf(IActorRef region) => region.Path.Address.HasLocalScope ? _cluster.SelfAddress : region.Path.Address;
}

/// <summary>A slot is a shard with one entity, named by what follows <c>worker/</c> in the address of a message.</summary>
public sealed class SlotExtractor : IMessageExtractor
{
    public string EntityId(object message) => PeerNames.SlotOf(message switch
    {
        PeerMessage peer => peer.To,
        Chunk chunk => chunk.To,
        ChunkCredit credit => credit.To,
        Gone gone => gone.To,
        WakeSlot wake => wake.To,
        _ => "",
    })!;

    public object EntityMessage(object message) => message;

    public string ShardId(object message) => EntityId(message);

    public string ShardId(string entityId, object? messageHint = null) => entityId;
}
