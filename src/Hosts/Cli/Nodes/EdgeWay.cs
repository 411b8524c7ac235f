using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;
using SplitActors.Hosts.Nodes;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>How a device gets to a cluster: as a member of one on this machine, or over a broker.</summary>
/// <param name="Device">Its name; over a broker, that of its user.</param>
/// <param name="Address">Null: over a broker.</param>
/// <param name="Broker">Null: as a member.</param>
internal sealed record EdgeWay(string Device, MemberAddress? Address, NodeConnection? Broker)
{
    /// <exception cref="UserErrorException">A value is malformed.</exception>
    public static EdgeWay Read(SettingReader settings)
    {
        if (settings.Find(NodeSettings.Amqp) is null)
            return new EdgeWay(ClusterNode.NameOf(settings, NodeSettings.Device, ClusterNode.MachineName), MemberAddress.Read(settings, founds: false), Broker: null);
        var broker = NodeConnection.Read(settings, NodeSettings.Amqp);
        return new EdgeWay(broker.User, Address: null, broker);
    }

    /// <param name="runtime">Of the process; ends after what this returns.</param>
    /// <param name="model">That it runs.</param>
    /// <param name="patience">With a cluster or a broker that does not answer.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <exception cref="UserErrorException">Nobody answers, or this device is refused.</exception>
    public async Task<EdgeCloud> ConnectAsync(NodeRuntime runtime, ServedModel model, TimeSpan patience, CancellationToken cancellation)
    {
        if (Broker is not null)
        {
            var transport = await Broker.ConnectAsync(patience, runtime.Warn, cancellation);
            return new EdgeCloud(new LocalNames(runtime.System, transport), Device, SchedulerRole.Address, async () =>
            {
                await runtime.System.Terminate(); // before the transport closes
                await transport.DisposeAsync();
            });
        }

        var member = await ClusterMember.StartAsync(Address!.ToSettings(runtime.Warn), new MemberActors { Device = Device }, TimeSpan.Zero, runtime.Warn);
        if (!await member.JoinedAsync(patience, cancellation))
        {
            await member.DisposeAsync();
            throw new UserErrorException(
                UserErrorKind.Broker, "--join", "a node of a cluster that answers", $"none at {string.Join(", ", Address.Seeds)}", "Start one: `splitactors cloud`.");
        }

        return new EdgeCloud(new ClusterNames(member.System, member.Routes, runtime.Warn), Device, PeerNames.Scheduler(model.Digest.Span), member.DisposeAsync);
    }
}

/// <summary>What a device has found.</summary>
/// <param name="Names">Where its sessions get theirs.</param>
/// <param name="Device">Its own.</param>
/// <param name="Scheduler">That of its model.</param>
/// <param name="Leave">Ends the sessions, and leaves.</param>
internal sealed record EdgeCloud(INameHost Names, string Device, string Scheduler, Func<ValueTask> Leave) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Leave();
}
