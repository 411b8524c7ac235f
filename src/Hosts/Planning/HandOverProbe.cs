using Akka.Actor;
using Google.Protobuf;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Planning;

/// <summary>
/// Measures what a message takes beside its link: two actors of this process send one to and fro, at once and over an emulated link of a millisecond.
/// </summary>
internal static class HandOverProbe
{
    private const string Device = "edge";
    private const string Worker = "worker";
    private const int WarmUpCount = 50;
    private const int RoundTripCount = 50;
    private const int FrameBytes = 1024;

    private static readonly LinkProfile Link = LinkProfile.Of(1e9, 1e9, TimeSpan.FromMilliseconds(2));

    /// <summary>Seconds of a message between actors at work, and of one over a link that they wait for, less the link's own time.</summary>
    public static async Task<(double HandOver, double Arrival)> MeasureAsync(TimeProvider clock)
    {
        var handOver = await RoundTripAsync(new LocalPeers(), clock) / 2;
        using var link = new EmulatedLinkTransport(new LocalPeers(), clock, Link, seed: 1, address => address == Device, LocalCluster.TimerLateness);
        var message = Envelopes.SizeOf(Message());
        var linkSeconds = Link.Up.ExpectedSeconds(message) + Link.Down.ExpectedSeconds(message);
        return (handOver, Math.Max(0, (await RoundTripAsync(link, clock) - linkSeconds) / 2));
    }

    /// <summary>The mean: what is late now and then is late for sessions too.</summary>
    private static async Task<double> RoundTripAsync(IPeers peers, TimeProvider clock)
    {
        var done = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var system = ActorSystem.Create("probe", ActorSettings.Local);
        var echo = system.ActorOf(ActorProps.Of(() => new Echo(peers)));
        var asker = system.ActorOf(ActorProps.Of(() => new Asker(peers, clock, done)));
        peers.Register(Worker, message => echo.Tell(message));
        peers.Register(Device, message => asker.Tell(message));
        peers.Send(Device, Worker, Message());
        var seconds = await done.Task;
        await system.Terminate();
        return seconds;
    }

    private static DecodeStep Message() => new() { Frame = ByteString.CopyFrom(new byte[FrameBytes]) };

    private sealed class Echo(IPeers peers) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is Received { Body: { } body } received)
                peers.Send(Worker, received.From, body);
        }
    }

    private sealed class Asker(IPeers peers, TimeProvider clock, TaskCompletionSource<double> done) : UntypedActor
    {
        private int _count = -WarmUpCount;
        private long _start;

        protected override void OnReceive(object message)
        {
            if (++_count == 0)
                _start = clock.GetTimestamp();
            if (_count < RoundTripCount)
                peers.Send(Device, Worker, Message());
            else
                done.TrySetResult(clock.GetElapsedTime(_start).TotalSeconds / RoundTripCount);
        }
    }
}
