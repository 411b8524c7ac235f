using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>What was found in a delivery.</summary>
internal enum ArrivalStatus
{
    /// <summary>A message.</summary>
    Ok,

    /// <summary>A part; more of its message must follow.</summary>
    Incomplete,

    /// <summary>A probe: there is nothing to do.</summary>
    Probe,

    /// <summary>Delivered before, perhaps to another consumer of the queue: a message arrives at most once.</summary>
    Repeated,

    /// <summary>The broker does not vouch that it is from whom it says.</summary>
    Forged,

    /// <summary>Its device sends more than it may.</summary>
    TooOften,

    /// <summary>No header, or no message behind it.</summary>
    Malformed,

    /// <summary>More bytes than a message has.</summary>
    TooLarge,

    /// <summary>Parts of it were lost.</summary>
    PartsMissing,

    /// <summary>Too many other messages of its user, or of all, are incomplete.</summary>
    TooManyPartials,

    /// <summary>A message of a newer version.</summary>
    UnknownBody,
}

/// <summary>A delivery as the broker describes it. <paramref name="User"/> and <paramref name="From"/> are null where it has none.</summary>
internal readonly record struct Arrival(string To, string Exchange, bool IsRedelivered, string? User, string? From);

/// <summary>Tells messages from what must be dropped. Thread-safe.</summary>
internal sealed class ArrivalReader(RabbitMqOptions options)
{
    private readonly PartialMessages _partials = new(options);
    private readonly UserRates _rates = new(options);

    public int PartialCount => _partials.Count;

    /// <summary>Never throws, whatever the bytes are.</summary>
    /// <param name="body">The message, if the result is <see cref="ArrivalStatus.Ok"/>.</param>
    public ArrivalStatus Read(Arrival arrival, ReadOnlySpan<byte> bytes, TimeSpan now, out IMessage? body)
    {
        body = null;
        if (arrival.From is not { } from || arrival.User is not { } user || !BrokerAddress.MaySpeak(arrival.Exchange, user, from))
            return ArrivalStatus.Forged;
        if (arrival.Exchange == BrokerTopology.Ingress && !_rates.TryTake(user, now))
            return ArrivalStatus.TooOften;
        if (arrival.IsRedelivered)
            return ArrivalStatus.Repeated;
        if (!PartHeader.TryRead(bytes, out var header))
            return ArrivalStatus.Malformed;
        if (header.Kind == PartKind.Probe)
            return ArrivalStatus.Probe;

        var payload = bytes[header.ByteCount..];
        if (header.Kind == PartKind.Whole)
        {
            _partials.Drop(arrival.To, from);
            return ReadEnvelope(payload, out body);
        }

        var status = _partials.Add(arrival.To, from, user, header, payload, now, out var message);
        return status == ArrivalStatus.Ok ? ReadEnvelope(message.Span, out body) : status;
    }

    public int DropOld(TimeSpan now) => _partials.DropOld(now);

    public void Clear() => _partials.Clear();

    private static ArrivalStatus ReadEnvelope(ReadOnlySpan<byte> bytes, out IMessage? body) => Envelopes.Read(bytes, out body) switch
    {
        EnvelopeStatus.Ok => ArrivalStatus.Ok,
        EnvelopeStatus.TooLarge => ArrivalStatus.TooLarge,
        EnvelopeStatus.UnknownBody => ArrivalStatus.UnknownBody,
        _ => ArrivalStatus.Malformed,
    };
}
