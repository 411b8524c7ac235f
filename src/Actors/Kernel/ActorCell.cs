using SplitActors.Actors.Kernel.Mailboxes;

namespace SplitActors.Actors.Kernel;

/// <summary>
/// The life of one actor: Starting → Running ⇄ Failed → Restarting → Starting, and from any of them Stopping → Stopped.
/// User messages and signals wait unless it is Running. All methods run in the actor's own turn, except where noted.
/// </summary>
internal sealed partial class ActorCell
{
    private readonly Props _props;
    private readonly ActorCell? _parent;
    private readonly string _name;
    private readonly Mailbox _mailbox;
    private readonly LocalActorRef _self;
    private readonly Children _children = new();
    private readonly HashSet<ActorRef> _watchers = [];
    private readonly HashSet<ActorRef> _watched = [];
    private readonly Queue<ISystemMessage> _signals = new();
    private Actor? _actor;
    private ActorRef? _sender;
    private State _state = State.Starting;
    private int _generation;
    private int _offloadCount;

    public ActorCell(ActorSystem system, ActorCell? parent, Props props, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(props.MailboxCapacity ?? 1, 1, nameof(props));
        System = system;
        _parent = parent;
        _props = props;
        _name = name;
        _mailbox = new Mailbox(this, system.Dispatcher, props.MailboxCapacity ?? system.MailboxCapacity, system.ThroughputMax);
        var path = parent is null ? name : parent._parent is null ? $"/{name}" : $"{parent._self.Path}/{name}";
        _self = new LocalActorRef(system, path, _mailbox);
        Timers = new ActorTimers(system.TimeProvider, _mailbox);
        _restarts = new(system.TimeProvider);
    }

    private enum State
    {
        Starting,
        Running,
        Failed,
        Restarting,
        Stopping,
        Stopped,
    }

    public LocalActorRef Self => _self;

    public bool AcceptsMessages => _state == State.Running;

    public bool HasSignals => _signals.Count > 0;

    public void Handle(ISystemMessage message)
    {
        switch (message)
        {
            case StartActor:
                Launch(restartCause: null);
                break;
            case StopActor:
                BeginStop(TerminationReason.Stopped);
                break;
            case AddWatcher(var watcher):
                _watchers.Add(watcher);
                break;
            case RemoveWatcher(var watcher):
                _watchers.Remove(watcher);
                break;
            case ChildFailed failed:
                Supervise(failed);
                break;
            case Verdict(var directive):
                Obey(directive);
                break;
            case ChildTerminated:
                ContinueOnceChildless();
                break;
            default:
                _signals.Enqueue(message);
                break;
        }
    }

    /// <summary>Delivers the oldest system message that is the actor's own to receive, once the actor is there to receive it.</summary>
    public bool TryDeliverSignal()
    {
        if (!_signals.TryDequeue(out var signal))
            return false;

        if (signal is MessageRejected rejected)
        {
            _mailbox.ReleaseRejection();
            Deliver(rejected, rejected.Target);
        }
        else if (signal is Terminated terminated && _watched.Remove(terminated.Actor))
        {
            Deliver(terminated, terminated.Actor);
        }

        return true;
    }

    public void Deliver(object message, ActorRef? sender)
    {
        _sender = sender;
        try
        {
            _actor!.InvokeReceive(message);
        }
        catch (Exception cause)
        {
            Fail(cause, message, duringStart: false);
        }

        _sender = null;
    }

    /// <returns>Whether the instance that started the work is still there for its result.</returns>
    public bool CompleteOffload(int generation)
    {
        _offloadCount--;
        return generation == _generation;
    }

    private void Launch(Exception? restartCause)
    {
        try
        {
            _actor = _props.Factory();
            _actor.Bind(this);
            if (restartCause is null)
                _actor.InvokePreStart();
            else
                _actor.InvokePostRestart(restartCause);
            _state = State.Running;
        }
        catch (Exception cause)
        {
            Fail(cause, message: null, duringStart: true);
        }
    }

    private void BeginStop(TerminationReason reason)
    {
        if (_state is State.Stopping or State.Stopped)
            return;
        _state = State.Stopping;
        _self.TerminationReason = reason;
        StopChildren();
    }

    private void BeginRestart()
    {
        if (_actor is { } failed)
            RunHook(() => failed.InvokePreRestart(_failure!.Cause, _failure.Message), nameof(Actor) + ".PreRestart");
        _state = State.Restarting;
        StopChildren();
    }

    private void StopChildren()
    {
        _children.Close();
        foreach (var child in _children.Refs)
            child.Signal(StopActor.Instance);
        ContinueOnceChildless();
    }

    private void ContinueOnceChildless()
    {
        if (_state is not (State.Restarting or State.Stopping) || !_children.IsEmpty)
            return;
        Retire();
        if (_state == State.Stopping)
            FinishStop();
        else
            FinishRestart();
    }

    /// <summary>Ends the instance: after this none of its timers and none of its offloaded works can reach the next.</summary>
    private void Retire()
    {
        if (_actor is { } actor)
            RunHook(actor.InvokePostStop, nameof(Actor) + ".PostStop");
        _actor = null;
        Timers.CancelAll();
        _generation++;
    }

    private void FinishRestart()
    {
        var cause = _failure!.Cause;
        _failure = null;
        _escalated.Clear();
        _children.Open();
        _state = State.Starting;
        Launch(cause);
        if (_state == State.Running)
            System.Publish(new ActorRestarted(_self, cause));
    }

    /// <summary>Nobody hears of the end before the mailbox is closed and the name is free.</summary>
    private void FinishStop()
    {
        _state = State.Stopped;
        foreach (var watched in _watched)
            watched.Signal(new RemoveWatcher(_self));
        _watched.Clear();
        while (_signals.TryDequeue(out var signal))
            signal.Undeliverable(_self);
        _mailbox.Close();
        _parent?._children.Remove(_name);
        System.Publish(new ActorStopped(_self, _self.TerminationReason));

        foreach (var watcher in _watchers)
            watcher.Signal(new Terminated(_self, _self.TerminationReason));
        _watchers.Clear();
        if (_parent is null)
            System.OnRootStopped();
        else
            _parent._self.Signal(ChildTerminated.Instance);
    }

    private void RunHook(Action hook, string name)
    {
        try
        {
            hook();
        }
        catch (Exception cause)
        {
            System.Publish(new HookFailed(_self, name, cause));
        }
    }
}
