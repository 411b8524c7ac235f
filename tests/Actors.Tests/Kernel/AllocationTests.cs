using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Kernel;

public class AllocationTests
{
    [Fact]
    public void Tell_RoundTrip_AllocatesNothingButTheMessage()
    {
        const int RoundTrips = 10_000;
        var world = new KernelWorld();
        var remaining = 0;
        var ball = new object();
        Action<IActorContext, object> receive = (context, message) =>
        {
            if (remaining-- > 0)
                context.Sender.Tell(message, context.Self);
        };
        var ping = world.Spawn("ping", receive);
        var pong = world.Spawn("pong", receive);
        Play(100);

        Assert.Equal(0, Allocations.LeastBytes(() => Play(RoundTrips)));

        void Play(int roundTrips)
        {
            remaining = 2 * roundTrips;
            ping.Tell(ball, pong);
            world.Run();
        }
    }
}
