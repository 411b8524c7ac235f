using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>Where the broker is, as whom to speak to it, and the limits of what is kept here.</summary>
public sealed record RabbitMqOptions
{
    private const int PlainPort = 5672;
    private const int TlsPort = 5671;

    public required string Host { get; init; }

    /// <summary>Null: the protocol's own, with TLS or without.</summary>
    public int? Port { get; init; }

    public string VirtualHost { get; init; } = BrokerTopology.VirtualHost;

    /// <summary>Also the second part of this process's addresses; see docs/broker.md.</summary>
    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>Null: no encryption, which is for one machine only.</summary>
    public BrokerTls? Tls { get; init; }

    /// <summary>Who is silent for about twice this is taken for dead: its connection is closed, and its queues go with it.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For a connection, and for an answer of the broker.</summary>
    public TimeSpan AnswerTimeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait at first for a broker that does not answer; <see cref="Timeout.InfiniteTimeSpan"/>: for ever. One that refuses is not asked again.</summary>
    public TimeSpan FirstConnectionTimeMax { get; init; } = TimeSpan.Zero;

    /// <summary>Pause before the first attempt to connect again; doubles with each further one.</summary>
    public TimeSpan ReconnectPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan ReconnectPauseMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Messages waiting to be published; more come back as <see cref="Undelivered"/>.</summary>
    public int OutgoingCountMax { get; init; } = 4096;

    public long OutgoingBytesMax { get; init; } = 4L * Envelopes.BytesMax;

    /// <summary>Most bytes that travel at once: a longer message goes in parts, between which others go.</summary>
    public int PartBytesMax { get; init; } = 96 * 1024;

    /// <summary>Messages that the broker sends ahead of their acknowledgement, for each address.</summary>
    public ushort PrefetchCount { get; init; } = 64;

    /// <summary>Messages of one device, parts counted, that are looked at in the long run: a message for each token, or 90 MiB of long ones. More are dropped.</summary>
    public int DeviceMessagesPerSecondMax { get; init; } = 1000;

    /// <summary>The same at once, after a pause.</summary>
    public int DeviceMessagesAtOnceMax { get; init; } = 4096;

    /// <summary>Messages of which parts are still missing, over all senders and of one user.</summary>
    public int PartialCountMax { get; init; } = 256;

    public int PartialCountPerUserMax { get; init; } = 4;

    public long PartialBytesMax { get; init; } = 8L * Envelopes.BytesMax;

    public long PartialBytesPerUserMax { get; init; } = 2L * Envelopes.BytesMax;

    /// <summary>A message whose next part takes longer is dropped.</summary>
    public TimeSpan PartialAgeMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often what is periodic is done: probes, acknowledgements that are left, another attempt to get an address.</summary>
    public TimeSpan TickPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Watched addresses that are looked for in one tick, in turn; new ones are looked for at once.</summary>
    public int ProbesPerTickMax { get; init; } = 256;

    /// <summary>Least time between two probes of an address: each is a message of some 60 bytes, on a device's link too.</summary>
    public TimeSpan ProbePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for what is waiting to be published when the transport is disposed.</summary>
    public TimeSpan DrainTimeMax { get; init; } = TimeSpan.FromSeconds(2);

    internal int EffectivePort => Port ?? (Tls is null ? PlainPort : TlsPort);

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{User}@{Host}:{EffectivePort}/{VirtualHost}{(Tls is null ? "" : " with TLS")}";

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    /// <exception cref="UserErrorException">The user cannot be part of an address, or parts are too small for the longest message.</exception>
    internal void Validate()
    {
        if (!BrokerAddress.IsValidUser(User))
            throw BrokerUser.BadName(User);
        Limit.RequirePositive(Heartbeat);
        Limit.RequirePositive(AnswerTimeMax);
        Limit.RequirePositive(ReconnectPause);
        Limit.RequirePositive(ReconnectPauseMax);
        Limit.RequirePositive(OutgoingCountMax);
        Limit.RequirePositive(OutgoingBytesMax);
        Limit.RequirePositive(PartBytesMax);
        Limit.RequirePositive((int)PrefetchCount);
        Limit.RequirePositive(DeviceMessagesPerSecondMax);
        Limit.RequirePositive(DeviceMessagesAtOnceMax);
        Limit.RequirePositive(PartialCountMax);
        Limit.RequirePositive(PartialCountPerUserMax);
        Limit.RequirePositive(PartialBytesMax);
        Limit.RequirePositive(PartialBytesPerUserMax);
        Limit.RequirePositive(PartialAgeMax);
        Limit.RequirePositive(TickPeriod);
        Limit.RequirePositive(ProbesPerTickMax);
        Limit.RequirePositive(ProbePeriod);
        Limit.RequirePositive(DrainTimeMax);
        if (Envelopes.BytesMax / PartBytesMax >= PartHeader.CountMax)
            throw new UserErrorException(UserErrorKind.Options, nameof(PartBytesMax), $"at least {(Envelopes.BytesMax / PartHeader.CountMax) + 1} bytes", $"{PartBytesMax}", "Take more.");
    }
}
