using System.Collections.Immutable;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>Keys and values that are not there.</summary>
internal sealed record TimedCache;

/// <summary>A worker without a model: its batches take a virtual time, times a slowdown, and a little more.</summary>
internal sealed class TimedWorker(WorkerOptions options, TimeSpan passTime, TimeSpan rowTime, IPeers transport, ulong seed, Func<double> slowdown)
    : WorkerShell<TimedCache>(options, transport)
{
    private readonly SplitMix64 _random = new(seed);

    protected override TimedCache Open(WorkerEffect.CreateCache create) => new();

    protected override void Stop(string reason) => throw new InvalidOperationException(reason);

    protected override void Leave(int sessionCount) => throw new NotSupportedException("It stays.");

    protected override void Compute(ImmutableArray<BatchEntry> entries)
    {
        var rows = entries.Sum(entry => (int)entry.Step.TokenCount);
        var time = slowdown() * (passTime + (rows * rowTime)) * (1 + (0.01 * _random.Next(11)));
        var results = entries.Select(entry => new EntryResult(entry, entry.Step.Samples ? 1 + _random.Next(50) : null, Refusal: null, KvBytes: 0));
        Host.StartTimer("batch", new BatchComputed([.. results], DecodeUs: 0, (long)time.TotalMicroseconds), time);
    }
}
