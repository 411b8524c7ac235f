namespace SplitActors.Actors.Kernel;

/// <summary>An ask that got no answer of the expected type.</summary>
public abstract class AskException(string message) : Exception(message);

public sealed class AskTimeoutException(ActorRef target, TimeSpan timeout)
    : AskException($"{target.Path} did not answer within {timeout.TotalMilliseconds:0} ms.");

/// <summary>The target did not accept the message; it may be asked again later.</summary>
public sealed class AskRejectedException(MessageRejected rejection)
    : AskException($"{rejection.Target.Path} did not accept the message: {rejection.Reason}.")
{
    public MessageRejected Rejection => rejection;
}

public sealed class AskTerminatedException(Terminated termination)
    : AskException($"{termination.Actor.Path} terminated ({termination.Reason}) without an answer.")
{
    public Terminated Termination => termination;
}

public sealed class AskResponseTypeException(ActorRef target, Type expected, object response)
    : AskException($"{target.Path} answered with {response.GetType().Name}; {expected.Name} was expected.")
{
    public object Response => response;
}
