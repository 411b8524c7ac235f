using System.Collections.Immutable;

namespace SplitActors.Actors.Backend;

/// <summary>Accepted steps of one session that wait for a batch, in order. Only the first can be taken, and waits since it became the first.</summary>
/// <param name="Steps">At least one.</param>
/// <param name="Turn">Rises whenever a step becomes the first of its session: the lowest of a worker's waits longest.</param>
/// <param name="DueAt">When the first should be answered.</param>
public sealed record WaitingSteps(ImmutableQueue<QueuedStep> Steps, long Turn, TimeSpan DueAt)
{
    public QueuedStep First => Steps.Peek();

    /// <summary>The most urgent first, and of equally urgent ones that which waits longer.</summary>
    public (TimeSpan DueAt, long Turn) Urgency => (DueAt, Turn);

    public WaitingSteps Add(QueuedStep step) => this with { Steps = Steps.Enqueue(step) };
}
