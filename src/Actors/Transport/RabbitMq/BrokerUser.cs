using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>What a process is to the broker.</summary>
public enum BrokerRole
{
    Device,
    Worker,
    Scheduler,
}

/// <summary>A user of the broker and what it is allowed: to receive at its own addresses, and to publish as its role may.</summary>
/// <param name="Name">Letters, digits, '-' and '_'. Of the scheduler's, and of nobody else's, it is <c>scheduler</c>.</param>
/// <param name="Role">Decides the permissions.</param>
public sealed record BrokerUser(string Name, BrokerRole Role)
{
    private const string NamePattern = "[A-Za-z0-9_-]+";

    /// <summary>From <see cref="BrokerDefinitions.HashPassword"/>; empty: no password lets this user in.</summary>
    public string PasswordHash { get; init; } = "";

    /// <summary>More are refused.</summary>
    public int ConnectionCountMax { get; init; } = 4;

    public int ChannelCountMax { get; init; } = 256;

    /// <summary>A regular expression of the addresses that this user may have, which are also its queues and its routing keys.</summary>
    internal string OwnAddresses => Role switch
    {
        BrokerRole.Device => $"edge/{Name}/{NamePattern}",
        BrokerRole.Worker => $"worker/{Name}(/{NamePattern})?",
        _ => BrokerAddress.Scheduler,
    };

    /// <summary>The exchange to which this user may publish.</summary>
    internal string OwnExchange => Role == BrokerRole.Device ? BrokerTopology.Ingress : BrokerTopology.Fabric;

    /// <summary>The exchanges from which this user may be sent messages.</summary>
    internal string HeardExchanges => Role == BrokerRole.Device ? BrokerTopology.Fabric : $"{BrokerTopology.Ingress}|{BrokerTopology.Fabric}";

    /// <summary>A regular expression of the addresses that this user may publish to.</summary>
    internal string ReachableAddresses => Role == BrokerRole.Device ? $"{BrokerAddress.Scheduler}|worker/{NamePattern}(/{NamePattern})?" : ".*";

    /// <exception cref="UserErrorException">The name cannot be part of an address, or is that of another role.</exception>
    internal void Validate()
    {
        if (!BrokerAddress.IsValidUser(Name))
            throw BadName(Name);
        if ((Role == BrokerRole.Scheduler) != (Name == BrokerAddress.Scheduler))
            throw new UserErrorException(UserErrorKind.Options, $"The broker's user {Name}", $"the scheduler, and no other, to be called {BrokerAddress.Scheduler}", $"{Role}", "Take another name.");
    }

    internal static UserErrorException BadName(string name) =>
        new(UserErrorKind.Options, "The broker's user", "letters, digits, '-' and '_'", $"\"{name}\"", "Take another name, as it is part of addresses.");
}
