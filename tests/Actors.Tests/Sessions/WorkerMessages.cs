using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Drawn messages for a worker, from likely to absurd.</summary>
internal static class WorkerMessages
{
    /// <summary>Sends one message, a little later, or lets the running batch end.</summary>
    public static void Send(WorkerStepper worker, SplitMix64 random, ArbitraryMessages arbitrary)
    {
        worker.Now += TimeSpan.FromMilliseconds(random.Next(20));
        var from = random.Next(10) switch { 0 => WorkerStepper.Scheduler, 1 => "edge/2", _ => WorkerStepper.Edge };
        switch (random.Next(14))
        {
            case < 4 when worker.Batch is not null: worker.Compute(_ => random.Next(6) == 0); break;
            case < 7: worker.Receive(LikelyStep(worker, random), from); break;
            case < 9: worker.Receive(LikelyOpen(worker, random), from); break;
            case 9 when random.Next(8) == 0: worker.Step(new PeerLost(from)); break;
            case 10 when random.Next(20) == 0: worker.Now += TimeSpan.FromMinutes(11); break;
            case 11: worker.Step(new StatusDue()); break;
            default: worker.Step(new Received(from, arbitrary.Next())); break;
        }
    }

    private static OpenSession LikelyOpen(WorkerStepper worker, SplitMix64 random) => new(WorkerStepper.OpenSession())
    {
        SessionId = (ulong)random.Next(5),
        Epoch = (uint)random.Next(4),
        SplitLayer = (uint)(worker.State.Options.Layers.First + random.Next(5)), // of a worker of four layers one in five is the whole model
        TokenCountMax = (uint)(1 + random.Next(64)),
    };

    /// <summary>Mostly the next step of an open session.</summary>
    private static DecodeStep LikelyStep(WorkerStepper worker, SplitMix64 random)
    {
        var id = (ulong)random.Next(5);
        var session = worker.State.Sessions.GetValueOrDefault(SessionKey.Of(WorkerStepper.Edge, id));
        var position = random.Next(4) == 0 ? random.Next(20) : session?.AcceptedCount ?? 0;
        return WorkerStepper.DecodeStep(
            (uint)position, (uint)(1 + random.Next(6)), session?.Epoch ?? (uint)random.Next(3), id, samples: random.Next(2) == 0);
    }
}
