using Akka.Actor;

namespace SplitActors.Actors.Stepping;

/// <summary>Makes actors by a function, without reflection, so that they can be given what only their owner has.</summary>
public sealed class ActorProps : IIndirectActorProducer
{
    private readonly Func<ActorBase> _factory;

    private ActorProps(Type type, Func<ActorBase> factory) => (ActorType, _factory) = (type, factory);

    public Type ActorType { get; }

    /// <param name="factory">Returns a new actor on each call.</param>
    public static Props Of<TActor>(Func<TActor> factory)
        where TActor : ActorBase => Props.CreateBy(new ActorProps(typeof(TActor), factory));

    public ActorBase Produce() => _factory();

    public void Release(ActorBase actor)
    {
    }
}
