using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;

namespace SplitActors.Actors.Cluster;

/// <summary>Where names are in the cluster, as members say of themselves. Thread-safe.</summary>
/// <param name="system">A member.</param>
/// <param name="slots">The shard region of the slots, or a proxy of it.</param>
public sealed class ClusterRoutes(ActorSystem system, IActorRef slots)
{
    private const int ProxyBufferSize = 100;

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);
    private readonly ConcurrentDictionary<string, Lazy<IActorRef>> _schedulers = new(StringComparer.Ordinal);

    internal Akka.Cluster.Cluster Cluster => _cluster;

    /// <summary>The way to a worker or a scheduler; null: nobody has the name now, or it is a device's, which is known by what it sends.</summary>
    /// <param name="why">If null: why.</param>
    public IActorRef? Find(string name, out string why)
    {
        why = "";
        if (PeerNames.SlotOf(name) is { } slot)
        {
            why = $"no node of the cluster has the slot {slot}";
            return NodeOf(name) is null ? null : slots;
        }

        if (PeerNames.ModelOf(name) is { } model)
        {
            why = $"no scheduler of the cluster serves the model {model}; those that are here serve {ModelsServed()}";
            return NodeOf(name) is null ? null : _schedulers.GetOrAdd(model, key => new Lazy<IActorRef>(() => NewProxy(key))).Value;
        }

        why = "nobody has this address";
        return null;
    }

    /// <summary>The node of a slot, or one that may have the scheduler; null: there is none.</summary>
    public Address? NodeOf(string name) => RoleOf(name) is { } role
        ? _cluster.State.Members.FirstOrDefault(member => member.Status is MemberStatus.Up or MemberStatus.Leaving && member.HasRole(role))?.Address
        : null;

    /// <summary>Whether a node may speak under a name: its roles must say so.</summary>
    public bool Permits(string name, Address node)
    {
        var address = node.HasLocalScope ? _cluster.SelfAddress : node;
        return RoleOf(name) is { } role && _cluster.State.Members.Any(member => member.Address == address && member.HasRole(role));
    }

    private static string? RoleOf(string name)
    {
        if (PeerNames.SlotOf(name) is { } slot)
            return ClusterRoles.SlotOf(slot);
        if (PeerNames.ModelOf(name) is { } model)
            return ClusterRoles.ModelOf(model);
        return PeerNames.DeviceOf(name) is { } device ? ClusterRoles.DeviceOf(device) : null;
    }

    private string ModelsServed()
    {
        var prefix = ClusterRoles.ModelOf("");
        var models = _cluster.State.Members.SelectMany(member => member.Roles).Where(role => role.StartsWith(prefix, StringComparison.Ordinal)).Select(role => role[prefix.Length..]);
        return string.Join(", ", models.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).DefaultIfEmpty("none"));
    }

    private IActorRef NewProxy(string model)
    {
        var settings = ClusterSingletonProxySettings.Create(system).WithRole(ClusterRoles.ModelOf(model)).WithSingletonName(model).WithBufferSize(ProxyBufferSize);
        return system.ActorOf(ClusterSingletonProxy.Props($"/user/{SchedulerSingleton.ManagerName(model)}", settings), $"scheduler-proxy-{model}");
    }
}
