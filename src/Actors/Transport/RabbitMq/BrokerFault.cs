using System.Net.Sockets;
using System.Security.Authentication;
using RabbitMQ.Client.Exceptions;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>What can go wrong with a broker, and what to tell people about it.</summary>
internal static class BrokerFault
{
    /// <summary>Of a broker or a network, rather than of this program.</summary>
    public static bool IsExpected(Exception failure) => failure is
        RabbitMQClientException or IOException or SocketException or TimeoutException or OperationCanceledException
        or AuthenticationException or ObjectDisposedException;

    /// <summary>The broker's answer to one request: others may be granted.</summary>
    public static bool IsRefusal(Exception failure) => failure is RabbitMQClientException;

    /// <summary>The broker, or a certificate, says no: asking again would not help.</summary>
    public static bool IsFinal(Exception failure) => Chain(failure).Any(cause =>
        cause is AuthenticationFailureException or AuthenticationException or OperationInterruptedException { ShutdownReason.ReplyCode: RabbitMQ.Client.Constants.NotAllowed });

    /// <summary>The innermost reason, as a sentence without full stop.</summary>
    public static string Describe(Exception failure) => Chain(failure).Last().Message.TrimEnd('.');

    /// <summary>Why the first connection could not be made.</summary>
    public static UserErrorException ToUserError(RabbitMqOptions options, Exception failure)
    {
        var causes = Chain(failure).ToList();
        var (expected, nextStep) = causes switch
        {
            _ when causes.Exists(cause => cause is AuthenticationFailureException) =>
                ("a user and password that the broker knows", "Check both; the administrator can set another password."),
            _ when causes.Exists(cause => cause is AuthenticationException) =>
                ("a broker that both sides' certificates agree with", "Check the authority's certificate, this process's own, and the broker's name."),
            _ when causes.Exists(cause => cause is OperationInterruptedException { ShutdownReason.ReplyCode: RabbitMQ.Client.Constants.NotAllowed }) =>
                ("leave to use the virtual host", "Ask the administrator for the permissions in docs/broker.md."),
            _ => ("a broker that answers", "Start it, or check host, port and TLS."),
        };
        return new UserErrorException(UserErrorKind.Cluster, $"The broker {options}", expected, Describe(failure), nextStep, failure);
    }

    private static IEnumerable<Exception> Chain(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause is AggregateException many ? many.InnerExceptions[0] : cause.InnerException)
            yield return cause;
    }
}
