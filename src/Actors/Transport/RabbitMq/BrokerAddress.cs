namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// Addresses as queues and routing keys: <c>scheduler</c>, <c>worker/NAME</c>, <c>worker/NAME/PART</c>, <c>edge/NAME/SESSION</c>. NAME is the user as whom its process is
/// known to the broker, so that an address says who may speak for it.
/// </summary>
internal static class BrokerAddress
{
    public const string Scheduler = "scheduler";

    /// <summary>A routing key has at most 255 bytes, and names stay readable in logs.</summary>
    public const int LengthMax = 200;

    public const int UserLengthMax = 64;

    private const string EdgePrefix = "edge/";
    private const string WorkerPrefix = "worker/";

    /// <summary>Whether it has one of these forms, which are those that permissions are given for.</summary>
    public static bool IsValid(string? address)
    {
        if (address is null || address.Length > LengthMax || !HasNamesOnly(address))
            return false;
        var partCount = 1 + address.Count(c => c == '/');
        return address == Scheduler
            || (IsDevice(address) && partCount == 3)
            || (address.StartsWith(WorkerPrefix, StringComparison.Ordinal) && partCount is 2 or 3);
    }

    /// <summary>What a user may be called: one part of an address.</summary>
    public static bool IsValidUser(string? user) => user is { Length: <= UserLengthMax } && HasNamesOnly(user) && !user.Contains('/', StringComparison.Ordinal);

    /// <summary>Of one process at a time; only the scheduler has others standing by.</summary>
    public static bool IsExclusive(string address) => address != Scheduler;

    /// <summary>To which a sender publishes.</summary>
    public static string ExchangeOf(string from) => IsDevice(from) ? BrokerTopology.Ingress : BrokerTopology.Fabric;

    /// <summary>From which an address is reached: devices hear servers only.</summary>
    public static IReadOnlyList<string> ExchangesTo(string address) =>
        IsDevice(address) ? [BrokerTopology.Fabric] : [BrokerTopology.Fabric, BrokerTopology.Ingress];

    /// <summary>Devices reach servers only; nothing reaches what is no address.</summary>
    public static bool CanReach(string from, string to) => IsValid(to) && !(IsDevice(from) && IsDevice(to));

    /// <summary>Whether a message that came this way can be from this sender.</summary>
    /// <param name="exchange">Through which it came, as the broker says: only devices publish to one, only servers to the other.</param>
    /// <param name="user">Who published it, as the broker has verified; null if it did not.</param>
    /// <param name="from">Who it says it is from.</param>
    public static bool MaySpeak(string exchange, string? user, string from)
    {
        if (!IsValidUser(user) || !IsValid(from))
            return false;
        return exchange switch
        {
            BrokerTopology.Ingress => Owns(EdgePrefix, user!, from),
            BrokerTopology.Fabric => from == Scheduler ? user == Scheduler : Owns(WorkerPrefix, user!, from),
            _ => false,
        };
    }

    private static bool IsDevice(string address) => address.StartsWith(EdgePrefix, StringComparison.Ordinal);

    /// <summary>Prefix, user, and then the end or a '/'.</summary>
    private static bool Owns(string prefix, string user, string address)
    {
        if (!address.StartsWith(prefix, StringComparison.Ordinal) || !address.AsSpan(prefix.Length).StartsWith(user))
            return false;
        var rest = address.AsSpan(prefix.Length + user.Length);
        return rest.IsEmpty || rest[0] == '/';
    }

    /// <summary>Letters, digits, '-' and '_' in parts between single '/': nothing that is special in a routing key or a regular expression.</summary>
    private static bool HasNamesOnly(string text)
    {
        if (text.Length == 0 || text[0] == '/' || text[^1] == '/')
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsNameCharacter(text[i]) && (text[i] != '/' || text[i - 1] == '/'))
                return false;
        }

        return true;
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}
