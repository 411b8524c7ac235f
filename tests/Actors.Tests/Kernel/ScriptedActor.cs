
namespace SplitActors.Actors.Tests.Kernel;

/// <summary>An actor whose methods are given by the test, with its context passed in.</summary>
internal sealed class ScriptedActor : Actor
{
    public required Action<IActorContext, object> OnReceive { get; init; }

    public Action<IActorContext>? OnPreStart { get; init; }

    public Action<IActorContext>? OnPostStop { get; init; }

    public Action<IActorContext, Exception, object?>? OnPreRestart { get; init; }

    public static Props Props(Action<IActorContext, object> receive) => new(() => new ScriptedActor { OnReceive = receive });

    protected override void Receive(object message) => OnReceive(Context, message);

    protected override void PreStart() => OnPreStart?.Invoke(Context);

    protected override void PostStop() => OnPostStop?.Invoke(Context);

    protected override void PreRestart(Exception reason, object? message) => OnPreRestart?.Invoke(Context, reason, message);
}
