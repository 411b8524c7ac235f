using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>What came back, because nobody has the address that it was for.</summary>
internal readonly record struct Returned(string From, string To, PartHeader Header);

/// <summary>
/// One connection to the broker, with the channel that everything is published on. Whatever breaks of either ends both; the transport then opens
/// another. Publishing is for one caller at a time.
/// </summary>
internal sealed class BrokerSession : IAsyncDisposable
{
    /// <summary>No broker can be set to take longer ones.</summary>
    private const uint BrokerMessageBytesMax = 512 << 20;

    private readonly RabbitMqOptions _options;
    private readonly TimeProvider _clock;
    private readonly IConnection _connection;
    private readonly byte[] _buffer;
    private readonly Dictionary<string, BasicProperties> _properties = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _lost = new();
    private IChannel? _publisher;
    private string? _lossReason;

    private BrokerSession(RabbitMqOptions options, TimeProvider clock, IConnection connection)
    {
        _options = options;
        _clock = clock;
        _connection = connection;
        _buffer = new byte[PartHeader.ByteCountMax + options.PartBytesMax];
        OpenedAt = clock.GetTimestamp();
        Lost = _lost.Token;
    }

    public long OpenedAt { get; }

    /// <summary>Cancelled once the connection is of no use any more.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Why it was lost, in a sentence without full stop.</summary>
    public string LossReason => Volatile.Read(ref _lossReason) ?? "the connection was closed";

    /// <param name="onReturn">Called by the connection's reader: must be quick.</param>
    public static async Task<BrokerSession> OpenAsync(RabbitMqOptions options, TimeProvider clock, Action<Returned> onReturn, CancellationToken cancellationToken)
    {
        var connection = await FactoryFor(options).CreateConnectionAsync(options.User, cancellationToken);
        var session = new BrokerSession(options, clock, connection);
        try
        {
            await session.OpenPublisherAsync(onReturn, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async Task<AddressConsumer> ConsumeAsync(string address, Action<Arrival, ReadOnlyMemory<byte>> receive)
    {
        var channel = await _connection.CreateChannelAsync(cancellationToken: Lost).WaitAsync(_options.AnswerTimeMax, _clock, Lost);
        var consumer = new AddressConsumer(channel, address, _options, _clock, receive);
        try
        {
            await consumer.StartAsync(Lost).WaitAsync(_options.AnswerTimeMax, _clock, Lost);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Completes once the bytes are on their way; whether they arrive is not known then.</summary>
    public async ValueTask PublishAsync(string from, string to, PartHeader header, ReadOnlyMemory<byte> bytes)
    {
        header.Write(_buffer);
        bytes.CopyTo(_buffer.AsMemory(header.ByteCount));
        var published = _publisher!.BasicPublishAsync(
            BrokerAddress.ExchangeOf(from), to, mandatory: true, PropertiesOf(from), _buffer.AsMemory(0, header.ByteCount + bytes.Length), Lost);
        if (published.IsCompletedSuccessfully)
            return;
        await published.AsTask().WaitAsync(_options.AnswerTimeMax, _clock, Lost); // a broker that is out of memory or disk reads nothing
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _connection.AbortAsync(Constants.ReplySuccess, "Goodbye", _options.AnswerTimeMax).WaitAsync(_options.AnswerTimeMax, _clock);
            await _connection.DisposeAsync().AsTask().WaitAsync(_options.AnswerTimeMax, _clock);
        }
        catch (Exception failure) when (BrokerFault.IsExpected(failure))
        {
            Lose(failure.Message); // it was lost before it could be closed
        }

        _lost.Dispose();
    }

    private static ConnectionFactory FactoryFor(RabbitMqOptions options)
    {
        var factory = new ConnectionFactory
        {
            HostName = options.Host,
            Port = options.EffectivePort,
            VirtualHost = options.VirtualHost,
            UserName = options.User,
            Password = options.Password,
            ClientProvidedName = options.User,
            RequestedHeartbeat = options.Heartbeat,
            RequestedConnectionTimeout = options.AnswerTimeMax,
            HandshakeContinuationTimeout = options.AnswerTimeMax,
            ContinuationTimeout = options.AnswerTimeMax,
            AutomaticRecoveryEnabled = false, // the transport does it, with pauses that grow and actors that are told
            TopologyRecoveryEnabled = false,
            MaxInboundMessageBodySize = BrokerMessageBytesMax, // a longer one would end the connection: the broker is to refuse it, or it is dropped here
        };
        if (options.Tls is { } tls)
            factory.Ssl = tls.ToOption(options.Host);
        return factory;
    }

    private async Task OpenPublisherAsync(Action<Returned> onReturn, CancellationToken cancellationToken)
    {
        _connection.ConnectionShutdownAsync += OnShutdown;
        _publisher = await _connection.CreateChannelAsync(cancellationToken: cancellationToken);
        _publisher.ChannelShutdownAsync += OnShutdown;
        _publisher.BasicReturnAsync += (_, returned) =>
        {
            if (returned.BasicProperties.ReplyTo is { } from && PartHeader.TryRead(returned.Body.Span, out var header))
                onReturn(new Returned(from, returned.RoutingKey, header));
            return Task.CompletedTask;
        };
    }

    private Task OnShutdown(object sender, ShutdownEventArgs reason)
    {
        Lose(reason.Cause is Exception cause ? $"{reason.ReplyText}: {cause.Message}" : reason.ReplyText);
        return Task.CompletedTask;
    }

    /// <summary>The broker checks that the user is the connection's own.</summary>
    private BasicProperties PropertiesOf(string from)
    {
        if (!_properties.TryGetValue(from, out var properties))
            _properties[from] = properties = new BasicProperties { UserId = _options.User, ReplyTo = from };
        return properties;
    }

    private void Lose(string reason)
    {
        if (Interlocked.CompareExchange(ref _lossReason, reason, null) is null)
            _lost.Cancel();
    }
}
