using System.Collections.Concurrent;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>Counts what was dropped, and reports each kind once for each user. Thread-safe.</summary>
internal sealed class DropLog(Action<string> report)
{
    /// <summary>Kinds and users that are remembered; beyond, drops are only counted.</summary>
    public const int ReportCountMax = 1024;

    private const int NameLengthMax = 64;

    private readonly ConcurrentDictionary<(ArrivalStatus Status, string? User), bool> _reported = new();
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Add(Arrival arrival, ArrivalStatus status)
    {
        Interlocked.Increment(ref _count);
        var key = (status, arrival.User);
        if (!_reported.ContainsKey(key) && _reported.Count < ReportCountMax && _reported.TryAdd(key, true))
            report($"Dropped a message to {arrival.To} from user {Shown(arrival.User)} that says it is from {Shown(arrival.From)}: {Reason(status)}. Further ones are counted only.");
    }

    private static string Reason(ArrivalStatus status) => status switch
    {
        ArrivalStatus.Repeated => "it was delivered before",
        ArrivalStatus.Forged => "this user cannot speak for that address here",
        ArrivalStatus.TooOften => "this user sends more than it may",
        ArrivalStatus.Malformed => "it cannot be read",
        ArrivalStatus.TooLarge => "it is too large",
        ArrivalStatus.PartsMissing => "parts of it are missing",
        ArrivalStatus.TooManyPartials => "too many messages are incomplete",
        ArrivalStatus.UnknownBody => "it is of a version that is not known here",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Nothing was dropped."),
    };

    /// <summary>What a stranger wrote, for a log: short, in one line.</summary>
    private static string Shown(string? name)
    {
        if (name is null)
            return "(none)";
        var shown = name.Length <= NameLengthMax ? name : name[..NameLengthMax] + "…";
        return string.Concat(shown.Select(c => char.IsControl(c) ? '?' : c));
    }
}
