using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// A session that is about to go on in another leg: with another mode, split, compression or worker. The old leg generates on while the
/// device loads what the new one needs.
/// </summary>
/// <param name="Plan">Of the new leg.</param>
/// <param name="Why">In a sentence without full stop.</param>
public sealed record Relocation(Plan Plan, string Why)
{
    /// <summary>What the device needs is loaded; it moves before the next token.</summary>
    public bool IsReady { get; init; }

    /// <summary>The session begins with it.</summary>
    public bool IsFirst { get; init; }

    /// <summary>The device goes on without worker and scheduler.</summary>
    public bool IsFallback { get; init; }

    /// <summary>The old leg gives no further token.</summary>
    public bool Holds { get; init; }

    /// <summary>The leg is the same, but its frames cannot be used: all tokens go through the front again.</summary>
    public bool Rebuilds { get; init; }

    /// <summary>The device, which has all layers, hands over: what of its keys and values travels. Null: it does not hand over.</summary>
    public KvShipment? Shipment { get; init; }

    /// <summary>A newer wish that came while this one loads: one front is loaded at a time.</summary>
    public Relocation? Later { get; init; }
}

/// <summary>A move under way.</summary>
public sealed record MoveInProgress(Plan From, string Why, int AtToken, KvShipment? Shipment);
