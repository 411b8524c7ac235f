using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// Hands over what arrives for one address, in order. The queue lives as long as it is consumed: it goes with the consumer, and a message to nobody
/// comes back. The scheduler's alone may have several consumers, of which the broker serves one and keeps the others for when that is gone.
/// </summary>
internal sealed class AddressConsumer(
    IChannel channel, string address, RabbitMqOptions options, TimeProvider clock, Action<Arrival, ReadOnlyMemory<byte>> receive)
    : AsyncDefaultBasicConsumer(channel), IAsyncDisposable
{
    private readonly SemaphoreSlim _acknowledging = new(1);
    private ulong _receivedTag;
    private ulong _acknowledgedTag;
    private volatile bool _isLost;

    /// <summary>Its channel or its queue is gone: the transport sees it with its next tick.</summary>
    public bool IsLost => _isLost;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var isExclusive = BrokerAddress.IsExclusive(address);
        var arguments = isExclusive ? null : new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-single-active-consumer"] = true };
        await Channel.QueueDeclareAsync(address, durable: !isExclusive, isExclusive, autoDelete: true, arguments, cancellationToken: cancellationToken);
        foreach (var exchange in BrokerAddress.ExchangesTo(address))
            await Channel.QueueBindAsync(address, exchange, routingKey: address, cancellationToken: cancellationToken);
        await Channel.BasicQosAsync(prefetchSize: 0, options.PrefetchCount, global: false, cancellationToken);
        await Channel.BasicConsumeAsync(address, autoAck: false, consumerTag: "0", this, cancellationToken); // a short tag: it comes with each delivery
    }

    public override async Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        receive(new Arrival(address, exchange, redelivered, properties.UserId, properties.ReplyTo), body);
        Volatile.Write(ref _receivedTag, deliveryTag);
        if (deliveryTag - Volatile.Read(ref _acknowledgedTag) >= Math.Max(1u, options.PrefetchCount / 4u))
            await AcknowledgeAsync(cancellationToken);
    }

    /// <summary>Acknowledges all that was received; several at once, as each acknowledgement is a message on a device's link.</summary>
    public async Task AcknowledgeAsync(CancellationToken cancellationToken)
    {
        await _acknowledging.WaitAsync(cancellationToken);
        try
        {
            var tag = Volatile.Read(ref _receivedTag);
            if (tag == _acknowledgedTag || _isLost)
                return;
            await Channel.BasicAckAsync(tag, multiple: true, cancellationToken);
            Volatile.Write(ref _acknowledgedTag, tag);
        }
        finally
        {
            _acknowledging.Release();
        }
    }

    public override async Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        await base.HandleChannelShutdownAsync(channel, reason);
        _isLost = true;
    }

    /// <summary>After this nothing is received any more, and the queue is gone unless others consume it.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Channel.AbortAsync().WaitAsync(options.AnswerTimeMax, clock);
            await Channel.DisposeAsync().AsTask().WaitAsync(options.AnswerTimeMax, clock);
        }
        catch (Exception failure) when (BrokerFault.IsExpected(failure))
        {
            _isLost = true; // the queue goes with the connection
        }

        _acknowledging.Dispose();
    }

    /// <summary>The queue was deleted.</summary>
    protected override async Task OnCancelAsync(string[] consumerTags, CancellationToken cancellationToken = default)
    {
        await base.OnCancelAsync(consumerTags, cancellationToken);
        _isLost = true;
    }
}
