using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;
using SplitActors.Hosts.Nodes;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>How a device gets to a cluster: as a member of it.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Address">Where it is, and whom it joins.</param>
internal sealed record EdgeWay(string Device, MemberAddress Address)
{
    /// <exception cref="UserErrorException">A value is malformed.</exception>
    public static EdgeWay Read(SettingReader settings) =>
        new(ClusterNode.NameOf(settings, NodeSettings.Device, ClusterNode.MachineName), MemberAddress.Read(settings, founds: false));

    /// <param name="runtime">Of the process; ends after what this returns.</param>
    /// <param name="model">That it runs.</param>
    /// <param name="patience">With a cluster that does not answer.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <exception cref="UserErrorException">Nobody answers.</exception>
    public async Task<EdgeCloud> ConnectAsync(NodeRuntime runtime, ServedModel model, TimeSpan patience, CancellationToken cancellation)
    {
        var member = await DeviceMember.JoinAsync(Address, Device, patience, runtime.Warn, cancellation)
            ?? throw new UserErrorException(
                UserErrorKind.Cluster, "--join", "a node of a cluster that answers", $"none at {string.Join(", ", Address.Seeds)}", "Start one: `splitactors cloud`.");
        return new EdgeCloud(new LocalNames(runtime.System, member), Device, PeerNames.Scheduler(model.Digest.Span), async () =>
        {
            await runtime.System.Terminate(); // its sessions close what they have before it leaves
            await member.DisposeAsync();
        });
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
