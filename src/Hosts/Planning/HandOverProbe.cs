using Google.Protobuf;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
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
        var handOver = await RoundTripAsync(new InProcessTransport(), clock) / 2;
        using var link = new EmulatedLinkTransport(new InProcessTransport(), clock, Link, seed: 1, address => address == Device, LocalCluster.TimerLateness);
        var message = Envelopes.SizeOf(Message());
        var linkSeconds = Link.Up.ExpectedSeconds(message) + Link.Down.ExpectedSeconds(message);
        return (handOver, Math.Max(0, (await RoundTripAsync(link, clock) - linkSeconds) / 2));
    }

    /// <summary>The mean: what is late now and then is late for sessions too.</summary>
    private static async Task<double> RoundTripAsync(ITransport transport, TimeProvider clock)
    {
        var done = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var system = new ActorSystem(new ActorSystemOptions { Dispatcher = new DrainingDispatcher(), TimeProvider = clock });
        var echo = system.Spawn(new Props(() => new Echo(transport)), "worker");
        var asker = system.Spawn(new Props(() => new Asker(transport, clock, done)), "device");
        transport.Register(Worker, echo);
        transport.Register(Device, asker);
        transport.Send(Device, Worker, Message());
        return await done.Task;
    }

    private static DecodeStep Message() => new() { Frame = ByteString.CopyFrom(new byte[FrameBytes]) };

    private sealed class Echo(ITransport transport) : Actor
    {
        protected override void Receive(object message)
        {
            if (message is Received { Body: { } body } received)
                transport.Send(Worker, received.From, body);
        }
    }

    private sealed class Asker(ITransport transport, TimeProvider clock, TaskCompletionSource<double> done) : Actor
    {
        private int _count = -WarmUpCount;
        private long _start;

        protected override void Receive(object message)
        {
            if (++_count == 0)
                _start = clock.GetTimestamp();
            if (_count < RoundTripCount)
                transport.Send(Device, Worker, Message());
            else
                done.TrySetResult(clock.GetElapsedTime(_start).TotalSeconds / RoundTripCount);
        }
    }
}
