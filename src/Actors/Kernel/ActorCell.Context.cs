using SplitActors.Actors.Kernel.Offloading;

namespace SplitActors.Actors.Kernel;

/// <summary>What the actor sees of its cell.</summary>
internal sealed partial class ActorCell : IActorContext
{
    ActorRef IActorContext.Self => _self;

    public ActorRef Sender => _sender ?? System.DeadLetters;

    public ActorRef Parent => _parent is null ? System.DeadLetters : _parent._self;

    public IReadOnlyList<ActorRef> Children => _children.Refs;

    public ActorSystem System { get; }

    public IDispatcher Dispatcher => System.Dispatcher;

    public TimeProvider TimeProvider => System.TimeProvider;

    public ActorTimers Timers { get; }

    /// <summary>Of the root, from any thread.</summary>
    public ActorRef Spawn(Props props, string name)
    {
        if (string.IsNullOrEmpty(name) || name.Contains('/', StringComparison.Ordinal))
            throw new ArgumentException($"An actor's name is not empty and has no '/'; found \"{name}\".", nameof(name));
        var child = new ActorCell(System, this, props, name);
        _children.Add(name, child);
        child.Self.Signal(StartActor.Instance);
        return child.Self;
    }

    public void Stop(ActorRef actor) => actor.Signal(StopActor.Instance);

    public void Watch(ActorRef actor)
    {
        if (actor != _self && _watched.Add(actor))
            actor.Signal(new AddWatcher(_self));
    }

    public void Unwatch(ActorRef actor)
    {
        if (_watched.Remove(actor))
            actor.Signal(new RemoveWatcher(_self));
    }

    public void RunOffloaded(Func<object> work)
    {
        if (_offloadCount >= _props.OffloadsMax)
            throw new InvalidOperationException($"{_self.Path} has Props.OffloadsMax = {_offloadCount} works in flight already.");
        _offloadCount++;
        Dispatcher.Execute(new OffloadedWork(this, _mailbox, _generation, work));
    }
}
