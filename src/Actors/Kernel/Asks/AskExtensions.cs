using SplitActors.Actors.Kernel.Asks;

namespace SplitActors.Actors.Kernel;

/// <summary>Request and response for code outside of actors. An actor uses Tell, a timer and Watch instead.</summary>
public static class AskExtensions
{
    /// <summary>
    /// Sends a message whose sender is a temporary ref, and completes with the first answer to it. What awaits the task runs on the
    /// system's dispatcher.
    /// </summary>
    /// <exception cref="AskTimeoutException">No answer within the timeout, on the system's clock.</exception>
    /// <exception cref="AskRejectedException">The target's mailbox is full.</exception>
    /// <exception cref="AskTerminatedException">The target has stopped, before or without an answer.</exception>
    /// <exception cref="AskResponseTypeException">The answer is of another type.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <remarks>An answer of <see cref="Failure"/> fails the task with its cause.</remarks>
    public static Task<TResponse> AskAsync<TResponse>(
        this ActorRef target, object message, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        AskAsync<TResponse>(target, _ => message, timeout, cancellationToken);

    /// <summary>As the other overload, for messages that carry the ref to answer to.</summary>
    public static Task<TResponse> AskAsync<TResponse>(
        this ActorRef target, Func<ActorRef, object> createMessage, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        new AskRef<TResponse>(target, timeout, cancellationToken).Send(createMessage);
}
