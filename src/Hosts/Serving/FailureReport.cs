using Akka.Actor;
using Akka.Event;
using SplitActors.Actors.Stepping;

namespace SplitActors.Hosts.Serving;

/// <summary>Tells of actors that threw, in a sentence and without a stack trace.</summary>
internal sealed class FailureReport : UntypedActor
{
    private readonly Action<string> _report;

    public FailureReport(Action<string> report)
    {
        _report = report;
        Context.System.EventStream.Subscribe(Self, typeof(Error));
    }

    protected override void OnReceive(object message)
    {
        if (message is Error { LogSource: { } source } && source.Contains("/system/endpointManager", StringComparison.Ordinal))
            return; // an association has ended or could not begin: who misses the other side says so itself
        if (message is Error { Cause: { } cause } error)
            _report($"{error.LogSource} failed: {cause.Message}");
        else if (message is Error other)
            _report($"{other.LogSource}: {other.Message}");
    }
}

internal static class FailureReports
{
    /// <summary>Reports the failures of a system's actors from now on.</summary>
    public static void ReportFailures(this ActorSystem system, Action<string> report) => system.ActorOf(ActorProps.Of(() => new FailureReport(report)), "failures");
}
