using SplitActors.Actors.Kernel.Mailboxes;

namespace SplitActors.Actors.Kernel.Offloading;

/// <summary>Work beside the mailbox, and then its result within it.</summary>
/// <param name="cell">Who gets the result.</param>
/// <param name="mailbox">The way there.</param>
/// <param name="generation">The actor instance that started the work.</param>
/// <param name="work">Runs on the dispatcher.</param>
internal sealed class OffloadedWork(ActorCell cell, Mailbox mailbox, int generation, Func<object> work)
    : ReservedMessage, IThreadPoolWorkItem
{
    private object? _result;

    public void Execute()
    {
        try
        {
            _result = work() ?? throw new InvalidOperationException($"Work offloaded by {cell.Self} returned null. Return a message.");
        }
        catch (Exception cause)
        {
            _result = new Failure(cause);
        }

        mailbox.PostReserved(this);
    }

    internal override object? Claim()
    {
        if (cell.CompleteOffload(generation))
            return _result;
        Undeliverable();
        return null;
    }

    internal override void Undeliverable() =>
        cell.System.DeadLetters.Record(new DeadLetter(_result!, Sender: null, cell.Self, DeadLetterReason.OffloadStale));
}
