using Google.Protobuf;

namespace SplitActors.Actors.Protocol;

public enum PeerKind
{
    Other,
    Device,
    Worker,
}

/// <summary>
/// Who an address belongs to: <c>edge/NAME/…</c> to a device, <c>worker/NAME/…</c> to a worker. A transport delivers messages only from
/// addresses that their senders may use: so this is who speaks, and what a message says of its sender is a claim.
/// </summary>
/// <param name="Name">The address up to NAME: the same for all processes of a device.</param>
public readonly record struct Peer(PeerKind Kind, string Name)
{
    private const string DevicePrefix = "edge/";
    private const string WorkerPrefix = "worker/";

    public static Peer Of(string address)
    {
        var (kind, prefix) = address.StartsWith(DevicePrefix, StringComparison.Ordinal) ? (PeerKind.Device, DevicePrefix)
            : address.StartsWith(WorkerPrefix, StringComparison.Ordinal) ? (PeerKind.Worker, WorkerPrefix)
            : (PeerKind.Other, address);
        var end = address.IndexOf('/', Math.Min(prefix.Length, address.Length));
        var name = kind == PeerKind.Other || end < 0 ? address : address[..end];
        return name.Length > prefix.Length ? new Peer(kind, name) : new Peer(PeerKind.Other, address);
    }

    /// <summary>
    /// Null if this peer may say this. Plans, results and refusals pass: who waits for one knows from which address. A wish for a session is a
    /// device's, a report about a worker is that worker's.
    /// </summary>
    public Refusal? FindFault(IMessage body)
    {
        var needed = body switch
        {
            Hello { Role: Role.Worker } or WorkerStatus => PeerKind.Worker,
            Hello or PlanRequest or LinkReport or OpenSession or DecodeStep or CloseSession => PeerKind.Device,
            _ => Kind,
        };
        if (needed == Kind)
            return null;
        return new Refusal(RejectReason.BadRequest, $"{Name} is {Describe(Kind)}; {body.Descriptor.Name} is for {Describe(needed)} to send.");
    }

    private static string Describe(PeerKind kind) => kind switch
    {
        PeerKind.Device => "a device (edge/…)",
        PeerKind.Worker => "a worker (worker/…)",
        _ => "neither a device (edge/…) nor a worker (worker/…)",
    };
}
