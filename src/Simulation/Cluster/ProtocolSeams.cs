using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Simulation.Cluster;

/// <summary>Where tests put a fault into the protocol, to see that the simulation finds it. The program has none in them.</summary>
internal sealed record ProtocolSeams
{
    public static ProtocolSeams None { get; } = new();

    public Func<EdgeState, object, TimeSpan, (EdgeState State, ImmutableArray<EdgeEffect> Effects)> EdgeStep { get; init; } = EdgeSession.Step;

    public Func<WorkerState, object, TimeSpan, (WorkerState State, ImmutableArray<WorkerEffect> Effects)> WorkerStep { get; init; } = BackendWorker.Step;

    public Func<SchedulerState, object, TimeSpan, (SchedulerState State, ImmutableArray<SchedulerEffect> Effects)> SchedulerStep { get; init; } = Scheduler.Step;

    /// <summary>What travels in place of a message, by sender and receiver.</summary>
    public Func<string, string, IMessage, IMessage> Replace { get; init; } = static (_, _, body) => body;
}
