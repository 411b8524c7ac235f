using System.Threading.Channels;

namespace SplitActors.Actors.Kernel.Mailboxes;

/// <summary>
/// Two lanes into one actor, and the guarantee that it runs on one thread at a time. Bounds:
/// <list type="bullet">
/// <item>User lane: <c>capacity</c> messages, besides one for each start of a timer and each offloaded work
/// (<see cref="ReservedMessage"/>).</item>
/// <item>System lane: control messages come from a relation (parent, child, watch), a constant number for each change of it.
/// Rejections, which come from the actor's own sends, are limited to <c>capacity</c>; one more becomes a dead letter.</item>
/// </list>
/// </summary>
internal sealed class Mailbox(ActorCell cell, IDispatcher dispatcher, int capacity, int throughputMax) : IThreadPoolWorkItem
{
    private const int Idle = 0;
    private const int Scheduled = 1;

    // The channels are unbounded because the bound is counted here: reserved messages must pass where user messages may not.
    // What a channel adds to a queue is an atomic close: after it no write succeeds, and all earlier ones can be read.
    private readonly Channel<ISystemMessage> _systemLane = Channel.CreateUnbounded<ISystemMessage>();
    private readonly Channel<Envelope> _userLane = Channel.CreateUnbounded<Envelope>();
    private int _state = Idle;
    private int _userMessageCount;
    private int _rejectionCount;

    /// <summary>Enqueues a user message, or turns it into a dead letter and tells its sender if it is for a full mailbox.</summary>
    public void Post(Envelope envelope)
    {
        if (!TryTakePlace(ref _userMessageCount))
        {
            Reject(envelope);
            return;
        }

        if (_userLane.Writer.TryWrite(envelope))
        {
            Schedule();
            return;
        }

        Interlocked.Decrement(ref _userMessageCount);
        RecordDead(envelope, DeadLetterReason.TargetStopped);
    }

    public void PostReserved(ReservedMessage message)
    {
        if (_userLane.Writer.TryWrite(new Envelope(message, Sender: null)))
            Schedule();
        else
            message.Undeliverable();
    }

    public void PostSystem(ISystemMessage message)
    {
        if (message is MessageRejected rejected && !TryTakePlace(ref _rejectionCount))
        {
            RecordDead(new Envelope(rejected, rejected.Target), DeadLetterReason.RejectionsFull);
            return;
        }

        if (_systemLane.Writer.TryWrite(message))
            Schedule();
        else
            message.Undeliverable(cell.Self);
    }

    public void ReleaseRejection() => Interlocked.Decrement(ref _rejectionCount);

    /// <summary>Handles up to <c>throughputMax</c> messages.</summary>
    public void Execute()
    {
        for (var i = 0; i < throughputMax && TryProcessOne(); i++)
        {
        }

        // The cell may be asked only before the mailbox goes idle: from then on another thread can own it.
        var acceptsMessages = cell.AcceptsMessages;
        var hasMore = acceptsMessages && cell.HasSignals;

        // A full fence: either this thread sees what was enqueued before, or the one that enqueued it sees Idle.
        Interlocked.Exchange(ref _state, Idle);
        if (hasMore || _systemLane.Reader.Count > 0 || (acceptsMessages && _userLane.Reader.Count > 0))
            Schedule();
    }

    /// <summary>From now on nothing is accepted; what waits is answered as undeliverable. Only from within the actor's turn.</summary>
    public void Close()
    {
        _userLane.Writer.Complete();
        while (_userLane.Reader.TryRead(out var envelope))
        {
            if (envelope.Message is ReservedMessage reserved)
            {
                reserved.Undeliverable();
                continue;
            }

            Interlocked.Decrement(ref _userMessageCount);
            RecordDead(envelope, DeadLetterReason.TargetStopped);
        }

        _systemLane.Writer.Complete();
        while (_systemLane.Reader.TryRead(out var message))
            message.Undeliverable(cell.Self);
    }

    private bool TryProcessOne()
    {
        if (_systemLane.Reader.TryRead(out var system))
        {
            cell.Handle(system);
            return true;
        }

        if (!cell.AcceptsMessages)
            return false;
        if (cell.TryDeliverSignal())
            return true;
        if (!_userLane.Reader.TryRead(out var envelope))
            return false;

        if (envelope.Message is not ReservedMessage reserved)
        {
            Interlocked.Decrement(ref _userMessageCount);
            cell.Deliver(envelope.Message, envelope.Sender);
        }
        else if (reserved.Claim() is { } message)
        {
            cell.Deliver(message, sender: null);
        }

        return true;
    }

    private void Schedule()
    {
        if (Interlocked.CompareExchange(ref _state, Scheduled, Idle) == Idle)
            dispatcher.Execute(this);
    }

    private bool TryTakePlace(ref int count)
    {
        for (var seen = Volatile.Read(ref count); seen < capacity;)
        {
            var before = Interlocked.CompareExchange(ref count, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }

        return false;
    }

    private void Reject(Envelope envelope)
    {
        RecordDead(envelope, DeadLetterReason.MailboxFull);
        envelope.Sender?.Signal(new MessageRejected(envelope.Message, cell.Self, DeadLetterReason.MailboxFull));
    }

    private void RecordDead(Envelope envelope, DeadLetterReason reason) =>
        cell.System.DeadLetters.Record(new DeadLetter(envelope.Message, envelope.Sender, cell.Self, reason));
}
