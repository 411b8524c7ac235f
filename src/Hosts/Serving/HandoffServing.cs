using SplitActors.Actors.Edge;

namespace SplitActors.Hosts.Serving;

/// <summary>When a device that generates alone hands over, and what it ships.</summary>
internal sealed record HandoffServing
{
    /// <summary>W̄, if neither it nor a deadline is given.</summary>
    private const int TokenCountDefault = 32;

    /// <summary>W̄; null: the default, or with a deadline all tokens.</summary>
    public int? TokenCountMax { get; init; }

    public TimeSpan? Deadline { get; init; }

    /// <summary>Null: the least concession that keeps the deadline.</summary>
    public KvShipment? Shipment { get; init; }

    public int TokenCountMaxOf(int maxTokens) => TokenCountMax ?? (Deadline is null ? TokenCountDefault : maxTokens);
}
