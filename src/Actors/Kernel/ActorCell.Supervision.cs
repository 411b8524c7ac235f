using SplitActors.Actors.Kernel.Supervision;

namespace SplitActors.Actors.Kernel;

/// <summary>Failing as a child, and judging as a parent.</summary>
internal sealed partial class ActorCell
{
    private readonly RestartHistory _restarts; // used in the parent's turns only
    private readonly List<ChildFailed> _escalated = [];
    private ChildFailed? _failure;

    private void Fail(Exception cause, object? message, bool duringStart)
    {
        _state = State.Failed;
        _failure = new ChildFailed(this, cause, message, duringStart);
        _parent!._self.Signal(_failure);
    }

    private void Supervise(ChildFailed failed)
    {
        if (_state is not (State.Running or State.Failed))
        {
            Judge(failed, Directive.Stop);
            return;
        }

        Directive directive;
        try
        {
            directive = _props.SupervisorStrategy.Decide(failed.Cause);
        }
        catch (Exception cause)
        {
            directive = Directive.Escalate;
            failed = failed with { Cause = new AggregateException($"{_self.Path} failed to decide about its child.", failed.Cause, cause) };
        }

        Judge(failed, directive);
    }

    private void Judge(ChildFailed failed, Directive directive)
    {
        if (directive == Directive.Resume && failed.DuringStart)
            directive = Directive.Restart;
        if (directive == Directive.Restart && !failed.Child._restarts.TryAdd(_props.SupervisorStrategy))
            directive = Directive.Stop;
        if (directive == Directive.Escalate && _parent is null)
            directive = Directive.Stop;

        System.Publish(new ActorFailed(failed.Child.Self, failed.Cause, failed.Message, directive));
        if (directive == Directive.Escalate)
            Escalate(failed);
        else
            failed.Child.Self.Signal(new Verdict(directive));
    }

    /// <summary>If this actor waits for a verdict already, the child shares it.</summary>
    private void Escalate(ChildFailed failed)
    {
        _escalated.Add(failed);
        if (_state == State.Running)
            Fail(failed.Cause, failed.Message, duringStart: false);
    }

    private void Obey(Directive directive)
    {
        if (_state != State.Failed)
            return;
        switch (directive)
        {
            case Directive.Resume:
                Resume();
                break;
            case Directive.Restart:
                BeginRestart();
                break;
            default:
                BeginStop(TerminationReason.Failed);
                break;
        }
    }

    private void Resume()
    {
        _state = State.Running;
        _failure = null;
        foreach (var failed in _escalated)
            Judge(failed, Directive.Resume);
        _escalated.Clear();
    }
}
