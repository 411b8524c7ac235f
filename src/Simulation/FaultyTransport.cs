using Google.Protobuf;
using SplitActors.Actors;
using SplitActors.Actors.Peers;

namespace SplitActors.Simulation;

/// <summary>
/// Loses, repeats and delays what passes through it, as drawn from a seed, and keeps the order of each sender and receiver unless it is told to break it. The same seed
/// and the same messages give the same faults. Not thread-safe: for use on a simulation's one thread.
/// </summary>
/// <param name="inner">Delivers what is left.</param>
/// <param name="clock">Delays are on its time.</param>
/// <param name="seed">Chooses the faults.</param>
/// <param name="faults">How often they happen.</param>
public sealed class FaultyTransport(IPeers inner, VirtualTimeProvider clock, ulong seed, NetworkFaults faults) : IPeers
{
    private readonly IPeers _inner = inner;
    private readonly VirtualTimeProvider _clock = clock;
    private readonly SplitMix64 _random = new(seed);
    private readonly Dictionary<(string From, string To), Way> _ways = [];
    private readonly HashSet<string> _isolated = new(StringComparer.Ordinal);

    /// <summary>While set, nothing that is sent arrives.</summary>
    public bool IsCut { get; set; }

    public long SentCount { get; private set; }

    public long DroppedCount { get; private set; }

    public long DuplicatedCount { get; private set; }

    public long DelayedCount { get; private set; }

    public long ReorderedCount { get; private set; }

    public long WatchesLostCount { get; private set; }

    /// <summary>Cuts an address off from all others, until it rejoins.</summary>
    public void Isolate(string address) => _isolated.Add(address);

    public void Rejoin(string address) => _isolated.Remove(address);

    public void Register(string address, Action<object> post) => _inner.Register(address, post);

    public void Unregister(string address) => _inner.Unregister(address);

    public void Watch(string address, string watcher)
    {
        if (IsDrawn(faults.WatchLossRate))
            WatchesLostCount++;
        else
            _inner.Watch(address, watcher);
    }

    public void Send(string from, string to, IMessage body)
    {
        SentCount++;
        if (IsCut || _isolated.Contains(from) || _isolated.Contains(to) || IsLost(body))
        {
            DroppedCount++;
            return;
        }

        Carry(from, to, body);
        if (IsDrawn(faults.DuplicateRate))
        {
            DuplicatedCount++;
            Carry(from, to, body);
        }
    }

    private void Carry(string from, string to, IMessage body)
    {
        if (faults.ReorderRate > 0 && IsDrawn(faults.ReorderRate))
        {
            ReorderedCount++;
            _ = _clock.CreateTimer(_ => _inner.Send(from, to, body), state: null, Fraction() * (faults.ReorderMax ?? faults.DelayMax), Timeout.InfiniteTimeSpan);
            return;
        }

        var delay = TimeSpan.Zero;
        if (IsDrawn(faults.DelayRate))
        {
            DelayedCount++;
            delay = Fraction() * faults.DelayMax;
        }

        if (!_ways.TryGetValue((from, to), out var way))
            _ways[(from, to)] = way = new Way(this, from, to);
        way.Carry(body, delay);
    }

    /// <summary>One chunk in the middle is enough.</summary>
    private bool IsLost(IMessage body)
    {
        var isLost = IsDrawn(faults.DropRate);
        for (var rest = faults.ChunkBytes is { } chunk ? (body.CalculateSize() - 1) / chunk : 0; rest > 0 && !isLost; rest--)
            isLost = IsDrawn(faults.DropRate);
        return isLost;
    }

    private bool IsDrawn(double rate) => Fraction() < rate;

    private double Fraction() => _random.NextFraction();

    /// <summary>The way from one sender to one receiver: first in, first out.</summary>
    private sealed class Way(FaultyTransport network, string from, string to)
    {
        private readonly Queue<(IMessage Body, ITimer Timer)> _travelling = new();
        private TimeSpan _lastDue;

        public void Carry(IMessage body, TimeSpan delay)
        {
            var now = network._clock.Elapsed;
            var due = now + delay;
            if (due < _lastDue)
                due = _lastDue;
            if (_travelling.Count == 0 && due == now)
            {
                network._inner.Send(from, to, body);
                return;
            }

            // Timers that are due at the same time fire in the order of their creation, so each delivers the head of the queue.
            _lastDue = due;
            _travelling.Enqueue((body, network._clock.CreateTimer(_ => Deliver(), state: null, due - now, Timeout.InfiniteTimeSpan)));
        }

        private void Deliver()
        {
            var (body, timer) = _travelling.Dequeue();
            timer.Dispose();
            network._inner.Send(from, to, body);
        }
    }
}
