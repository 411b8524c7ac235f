using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>A hash of what happened and when, in order: equal for equal runs, in any process.</summary>
internal sealed class TraceHash
{
    public ulong Value { get; private set; } = TokenChain.Start;

    public void Add(TimeSpan time, string from, string to, IMessage body)
    {
        Add(time.Ticks);
        Add(from);
        Add(to);
        Add(body.Descriptor.Name);
        Add(body.CalculateSize());
    }

    public void Add(TimeSpan time, long session, SessionEvent happened)
    {
        Add(time.Ticks);
        Add(session);
        Add(happened.GetType().Name);
        switch (happened)
        {
            case SessionPlanned planned: Add(planned.Plan.Worker); Add(planned.Plan.Revision); break;
            case TokenGenerated generated: Add(generated.Token); Add(generated.Bill.ElapsedUs); Add(generated.Bill.MessageBytes); break;
            case DeadlineUpdated updated: Add(updated.Deadline.PromisedUs); break;
            case WorkerReplaced replaced: Add(replaced.Lost); Add(replaced.Reason); break;
            case SessionMoved moved: Add(moved.AtToken); Add(moved.ElapsedUs); Add(moved.Why); break;
            case MoveAbandoned abandoned: Add(abandoned.Detail); break;
            case SessionEnded ended: Add((long)ended.Reason); Add(ended.Detail ?? ""); break;
        }
    }

    private void Add(long value) => Value = TokenChain.Mix(Value, (ulong)value);

    private void Add(string text)
    {
        foreach (var letter in text)
            Add(letter);
        Add(text.Length);
    }
}
