using Google.Protobuf;

namespace SplitActors.Actors.Protocol;

/// <summary>What was found in bytes that arrived.</summary>
public enum EnvelopeStatus
{
    Ok,

    /// <summary>More than <see cref="Envelopes.BytesMax"/>.</summary>
    TooLarge,

    /// <summary>No envelope, or one that is cut off or damaged.</summary>
    Malformed,

    /// <summary>Empty, or a message of a newer version: to be dropped.</summary>
    UnknownBody,
}

/// <summary>Puts messages into the one type that travels, and takes them out of it.</summary>
public static class Envelopes
{
    /// <summary>Longest message: a raw frame of 128 tokens at 16,384 values takes a quarter of it.</summary>
    public const int BytesMax = 1 << 25;

    private const int TagBytes = 1; // of field numbers up to 15

    /// <summary>What this version does not know is not kept: of a message that is stored it would be megabytes that nobody counts.</summary>
    private static readonly MessageParser<Envelope> Parser = Envelope.Parser.WithDiscardUnknownFields(discardUnknownFields: true);

    /// <summary>Reads what a network delivered. Never throws.</summary>
    /// <param name="body">The message, if the result is <see cref="EnvelopeStatus.Ok"/>.</param>
    public static EnvelopeStatus Read(ReadOnlySpan<byte> bytes, out IMessage? body)
    {
        body = null;
        if (bytes.Length > BytesMax)
            return EnvelopeStatus.TooLarge;
        try
        {
            body = Unwrap(Parser.ParseFrom(bytes));
        }
        catch (InvalidProtocolBufferException)
        {
            return EnvelopeStatus.Malformed;
        }

        return body is null ? EnvelopeStatus.UnknownBody : EnvelopeStatus.Ok;
    }

    /// <exception cref="ArgumentException">The message is none of the protocol.</exception>
    public static Envelope Wrap(IMessage body) => body switch
    {
        Hello hello => new Envelope { Hello = hello },
        Welcome welcome => new Envelope { Welcome = welcome },
        Rejected rejected => new Envelope { Rejected = rejected },
        PlanRequest request => new Envelope { PlanRequest = request },
        Plan plan => new Envelope { Plan = plan },
        OpenSession open => new Envelope { OpenSession = open },
        SessionOpened opened => new Envelope { SessionOpened = opened },
        DecodeStep step => new Envelope { DecodeStep = step },
        StepResult result => new Envelope { StepResult = result },
        Nack nack => new Envelope { Nack = nack },
        CloseSession close => new Envelope { CloseSession = close },
        LinkReport report => new Envelope { LinkReport = report },
        WorkerStatus status => new Envelope { WorkerStatus = status },
        DeadlineChanged changed => new Envelope { DeadlineChanged = changed },
        AlternativesChanged changed => new Envelope { AlternativesChanged = changed },
        _ => throw new ArgumentException($"{body.Descriptor.FullName} is no message of the protocol.", nameof(body)),
    };

    /// <summary>Bytes of a message as it travels, without the transport's own.</summary>
    public static int SizeOf(IMessage body)
    {
        var size = body.CalculateSize();
        return TagBytes + CodedOutputStream.ComputeLengthSize(size) + size;
    }

    /// <summary>The body, or null if the sender used one that this version does not know.</summary>
    public static IMessage? Unwrap(Envelope envelope) => envelope.BodyCase switch
    {
        Envelope.BodyOneofCase.Hello => envelope.Hello,
        Envelope.BodyOneofCase.Welcome => envelope.Welcome,
        Envelope.BodyOneofCase.Rejected => envelope.Rejected,
        Envelope.BodyOneofCase.PlanRequest => envelope.PlanRequest,
        Envelope.BodyOneofCase.Plan => envelope.Plan,
        Envelope.BodyOneofCase.OpenSession => envelope.OpenSession,
        Envelope.BodyOneofCase.SessionOpened => envelope.SessionOpened,
        Envelope.BodyOneofCase.DecodeStep => envelope.DecodeStep,
        Envelope.BodyOneofCase.StepResult => envelope.StepResult,
        Envelope.BodyOneofCase.Nack => envelope.Nack,
        Envelope.BodyOneofCase.CloseSession => envelope.CloseSession,
        Envelope.BodyOneofCase.LinkReport => envelope.LinkReport,
        Envelope.BodyOneofCase.WorkerStatus => envelope.WorkerStatus,
        Envelope.BodyOneofCase.DeadlineChanged => envelope.DeadlineChanged,
        Envelope.BodyOneofCase.AlternativesChanged => envelope.AlternativesChanged,
        _ => null,
    };
}
