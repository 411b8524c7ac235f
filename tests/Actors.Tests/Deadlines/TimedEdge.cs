using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>Layers that are not there.</summary>
internal sealed record TimedFront;

/// <summary>A device without a model: its layers take a virtual time for each token, and its frames have drawn sizes.</summary>
internal sealed class TimedEdge(EdgeState initial, IPeers transport, TimeSpan tokenTime, ulong seed, Action<SessionEvent> publish)
    : EdgeShell<TimedFront>(initial, transport, publish)
{
    private readonly SplitMix64 _random = new(seed);

    protected override void Load(Plan plan) => Host.Post(new TimedFront());

    protected override void Compute(TimedFront front, EdgeEffect.ComputeFront work)
    {
        var count = work.Tokens.Length;
        var frame = ByteString.CopyFrom(new byte[count * (100 + _random.Next(200))]);
        var time = count * tokenTime * (0.9 + (0.01 * _random.Next(11)));
        var computed = new FrontComputed(work.Position, count, frame, new FrameStatistics { FrameBytes = frame.Length }, Token: null, (long)time.TotalMicroseconds, 0);
        Host.StartTimer("compute", computed, time);
    }

    protected override void Ship(TimedFront source, TimedFront? front, EdgeEffect.ShipKeysAndValues work) => throw new NotSupportedException("There are no keys and values.");
}
