namespace SplitActors.Actors.Kernel.Asks;

/// <summary>
/// A ref that lives for one answer. The first of answer, rejection, termination, timeout and cancellation settles it and takes back
/// its timer, its watch and its cancellation callback, after which nothing but the asker's task holds it.
/// </summary>
internal sealed class AskRef<TResponse> : ActorRef, IThreadPoolWorkItem
{
    private readonly TaskCompletionSource<TResponse> _completion = new();
    private readonly ActorRef _target;
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _cancellationToken;
    private readonly ITimer _timer;
    private CancellationTokenRegistration _cancellation;
    private object? _outcome;

    public AskRef(ActorRef target, TimeSpan timeout, CancellationToken cancellationToken)
        : base($"/asks{target.Path}")
    {
        _target = target;
        _timeout = timeout;
        _cancellationToken = cancellationToken;
        _timer = System.TimeProvider.CreateTimer(
            static ask => ((AskRef<TResponse>)ask!).OnTimeout(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal override ActorSystem System => _target.System;

    public Task<TResponse> Send(Func<ActorRef, object> createMessage)
    {
        var message = createMessage(this);
        _timer.Change(_timeout, Timeout.InfiniteTimeSpan);
        _cancellation = _cancellationToken.UnsafeRegister(static ask => ((AskRef<TResponse>)ask!).OnCancelled(), this);
        _target.Signal(new AddWatcher(this));

        // Settled before this line means: before all three were there to be released.
        if (Volatile.Read(ref _outcome) is null)
            _target.Tell(message, this);
        else
            Release();
        return _completion.Task;
    }

    public override void Tell(object message, ActorRef? sender = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!TrySettle(message))
            System.DeadLetters.Record(new DeadLetter(message, sender, this, DeadLetterReason.AskCompleted));
    }

    /// <summary>On the dispatcher: what awaits the answer must run neither in the answering actor's turn nor on a foreign thread.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        switch (_outcome)
        {
            case TResponse response:
                _completion.TrySetResult(response);
                break;
            case Failure(var cause):
                _completion.TrySetException(cause);
                break;
            case OperationCanceledException:
                _completion.TrySetCanceled(_cancellationToken);
                break;
            case var response:
                _completion.TrySetException(new AskResponseTypeException(_target, typeof(TResponse), response!));
                break;
        }
    }

    internal override void Signal(ISystemMessage message)
    {
        if (message is MessageRejected rejected)
            TrySettle(new Failure(new AskRejectedException(rejected)));
        else if (message is Terminated terminated)
            TrySettle(new Failure(new AskTerminatedException(terminated)));
    }

    private void OnTimeout() => TrySettle(new Failure(new AskTimeoutException(_target, _timeout)));

    private void OnCancelled() => TrySettle(new OperationCanceledException(_cancellationToken));

    private bool TrySettle(object outcome)
    {
        if (Interlocked.CompareExchange(ref _outcome, outcome, comparand: null) is not null)
            return false;
        Release();
        System.Dispatcher.Execute(this);
        return true;
    }

    private void Release()
    {
        _timer.Dispose();
        _cancellation.Unregister();
        _target.Signal(new RemoveWatcher(this));
    }
}
