namespace SplitActors.Actors.Protocol;

/// <summary>Names one generation from prompt to end, across workers and epochs, among those of its device.</summary>
public readonly record struct SessionId(ulong Value)
{
    public override string ToString() => $"{Value:x16}";
}

/// <summary>A device, whichever of its processes speaks; by its name in the addresses that it may use.</summary>
public readonly record struct DeviceId(string Name)
{
    public override string ToString() => Name;
}

/// <summary>
/// Names a session where those of many devices meet. Devices choose their ids themselves: that another one has the same, by chance or on
/// purpose, concerns neither.
/// </summary>
public readonly record struct SessionKey(DeviceId Device, SessionId Session) : IComparable<SessionKey>
{
    /// <param name="from">Address of the device's process.</param>
    /// <param name="session">As its messages name it.</param>
    public static SessionKey Of(string from, ulong session) => new(new DeviceId(Peer.Of(from).Name), new SessionId(session));

    public static bool operator <(SessionKey left, SessionKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(SessionKey left, SessionKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(SessionKey left, SessionKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(SessionKey left, SessionKey right) => left.CompareTo(right) >= 0;

    /// <summary>By session, then by device: the same order in every process.</summary>
    public int CompareTo(SessionKey other) =>
        Session == other.Session ? string.CompareOrdinal(Device.Name, other.Device.Name) : Session.Value.CompareTo(other.Session.Value);

    /// <summary>Of the id alone: a text's hash differs from process to process, and with it the order of what is kept by it.</summary>
    public override int GetHashCode() => Session.GetHashCode();

    public override string ToString() => Session.ToString();
}
