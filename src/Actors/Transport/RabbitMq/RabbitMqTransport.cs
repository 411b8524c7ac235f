using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Simulation;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// Addresses across machines, as queues of a RabbitMQ broker: at most once, in order per sender and receiver. A message that finds no queue comes back
/// as <see cref="Undelivered"/>, and its receiver counts as lost; so does a watched address that a probe does not find. While the broker is out of
/// reach everything comes back, and the transport connects again, with growing pauses.
/// </summary>
/// <remarks>docs/broker.md describes queues, permissions and what is checked on arrival.</remarks>
public sealed partial class RabbitMqTransport : IPeers, IAsyncDisposable
{
    private const string Closed = "the transport is closed";

    private readonly RabbitMqOptions _options;
    private readonly TimeProvider _clock;
    private readonly SplitMix64 _random;
    private readonly Action<string> _report;
    private readonly DropLog _drops;
    private readonly ArrivalReader _reader;
    private readonly Outbox _outbox;
    private readonly Watches _watches;
    private readonly ConcurrentDictionary<string, LocalAddress> _addresses = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<LocalAddress> _givenUp = new();

    /// <summary>The loop goes on in the thread that wakes it: a sender publishes its message itself, unless others are being published.</summary>
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true, AllowSynchronousContinuations = true });

    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _ticks;
    private readonly long _startTimestamp;
    private Task _loop = Task.CompletedTask;
    private Returned _lastReturned; // used by the connection's reader alone
    private volatile string? _outage;
    private bool _isTickDue;
    private bool _areAddressesDue;
    private long _outageCount;
    private int _isDisposed;

    private RabbitMqTransport(RabbitMqOptions options, TimeProvider clock, ulong seed, Action<string> report)
    {
        (_options, _clock, _report) = (options, clock, report);
        _random = new SplitMix64(seed);
        _drops = new DropLog(report);
        _reader = new ArrivalReader(options);
        _outbox = new Outbox(options);
        _watches = new Watches(options);
        _startTimestamp = clock.GetTimestamp();
        _ticks = clock.CreateTimer(_ => Tick(), state: null, options.TickPeriod, options.TickPeriod);
    }

    /// <summary>Messages that arrived and were dropped: forged, damaged, incomplete, or delivered before.</summary>
    public long DroppedCount => _drops.Count;

    /// <summary>How often the broker was lost.</summary>
    public long OutageCount => Interlocked.Read(ref _outageCount);

    /// <summary>Watches that are still to be answered.</summary>
    internal int WatchCount => _watches.Count;

    private TimeSpan Now => _clock.GetElapsedTime(_startTimestamp);

    /// <param name="clock">Runs pauses, probes and time limits.</param>
    /// <param name="seed">Chooses the pauses; should differ between processes.</param>
    /// <param name="report">Told of each outage, of its end, and once of each kind of message that was dropped; in a sentence, from any thread. Must not throw.</param>
    /// <exception cref="UserErrorException">The broker cannot be reached now, or refuses this user or its certificate.</exception>
    public static async Task<RabbitMqTransport> ConnectAsync(
        RabbitMqOptions options, TimeProvider clock, ulong seed, Action<string> report, CancellationToken cancellationToken = default)
    {
        options.Validate();
        var transport = new RabbitMqTransport(options, clock, seed, report);
        try
        {
            var session = await transport.OpenFirstAsync(cancellationToken);
            transport._loop = transport.RunAsync(session);
            return transport;
        }
        catch (Exception failure)
        {
            await transport.DisposeAsync();
            if (BrokerFault.IsExpected(failure) && !cancellationToken.IsCancellationRequested)
                throw BrokerFault.ToUserError(options, failure);
            throw;
        }
    }

    private async Task<BrokerSession> OpenFirstAsync(CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await BrokerSession.OpenAsync(_options, _clock, OnReturned, cancellation);
            }
            catch (Exception failure) when (MayWaitAfter(failure) && !cancellation.IsCancellationRequested)
            {
                if (attempt == 0)
                    _report($"The broker {_options} does not answer ({BrokerFault.Describe(failure)}); waits for it.");
                await Task.Delay(ReconnectPause.Before(attempt, _options, _random), _clock, cancellation);
            }
        }
    }

    private bool MayWaitAfter(Exception failure) =>
        BrokerFault.IsExpected(failure) && !BrokerFault.IsFinal(failure)
        && (_options.FirstConnectionTimeMax == Timeout.InfiniteTimeSpan || Now < _options.FirstConnectionTimeMax);

    /// <remarks>Whether another process has the address shows only later: messages from here then come back.</remarks>
    /// <exception cref="ArgumentException">It is no address of this transport's user.</exception>
    public void Register(string address, Action<object> post)
    {
        RequireOwn(address);
        if (_addresses.GetOrAdd(address, key => new LocalAddress(key, post)).Post != post)
            throw new InvalidOperationException($"The address {address} is taken.");
        WakeForAddresses();
    }

    public void Unregister(string address)
    {
        if (!_addresses.TryRemove(address, out var local))
            return;
        _givenUp.Enqueue(local);
        _watches.Forget(address);
        EndWatches(address);
        WakeForAddresses();
    }

    /// <exception cref="ArgumentException">The sender's is no address of this transport's user.</exception>
    public void Send(string from, string to, IMessage body)
    {
        RequireOwn(from);
        var bytes = Envelopes.Wrap(body).ToByteArray();
        var refusal = bytes.Length > Envelopes.BytesMax ? $"the message has {bytes.Length} bytes; at most {Envelopes.BytesMax} travel"
            : !BrokerAddress.CanReach(from, to) ? "no message goes from there to here"
            : Volatile.Read(ref _isDisposed) != 0 ? Closed
            : _outage ?? _outbox.TryAdd(new OutgoingMessage(from, to, bytes));
        if (refusal is null)
            Wake();
        else
            TellUndelivered(from, to, refusal);
    }

    /// <exception cref="ArgumentException">The watcher's is no address of this transport's user.</exception>
    public void Watch(string address, string watcher)
    {
        RequireOwn(watcher);
        if (!BrokerAddress.CanReach(watcher, address))
        {
            SenderOf(watcher)?.Invoke(new PeerLost(address));
            return;
        }

        _watches.Add(address, watcher);
        Wake();
    }

    /// <summary>Publishes what waits, within <see cref="RabbitMqOptions.DrainTimeMax"/>, and disconnects.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await _ticks.DisposeAsync();
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private void RequireOwn(string address)
    {
        if (!BrokerAddress.MaySpeak(BrokerAddress.ExchangeOf(address), _options.User, address))
            throw new ArgumentException($"The user {_options.User} cannot have the address \"{address}\"; see docs/broker.md.", nameof(address));
    }

    private void Tick()
    {
        Volatile.Write(ref _isTickDue, true);
        WakeForAddresses();
    }

    private void WakeForAddresses()
    {
        Volatile.Write(ref _areAddressesDue, true);
        Wake();
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private Action<object>? SenderOf(string from) => _addresses.GetValueOrDefault(from)?.Post;

    private void TellUndelivered(string from, string to, string reason) => SenderOf(from)?.Invoke(new Undelivered(to, reason));

    private void EndWatches(string address)
    {
        foreach (var watcher in _watches.End(address))
            SenderOf(watcher)?.Invoke(new PeerLost(address));
    }

    /// <summary>On the consumer's own thread; the bytes are the client's and valid only during the call.</summary>
    private void OnArrived(LocalAddress local, Arrival arrival, ReadOnlyMemory<byte> bytes)
    {
        var status = _reader.Read(arrival, bytes.Span, Now, out var body);
        if (status == ArrivalStatus.Ok)
            local.Post(new Received(arrival.From!, body!));
        else if (status is not (ArrivalStatus.Incomplete or ArrivalStatus.Probe))
            _drops.Add(arrival, status);
    }

    /// <summary>Of a message in parts, the first that comes back tells all.</summary>
    private void OnReturned(Returned returned)
    {
        var isNew = returned.Header.Kind != PartKind.Part || (returned with { Header = returned.Header with { Index = 0 } }) != _lastReturned;
        _lastReturned = returned with { Header = returned.Header with { Index = 0 } };
        if (returned.Header.Kind != PartKind.Probe && isNew)
            TellUndelivered(returned.From, returned.To, "nobody has this address");
        EndWatches(returned.To);
    }
}
