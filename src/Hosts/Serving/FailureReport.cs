using Akka.Actor;
using Akka.Event;
using SplitActors.Actors.Stepping;

namespace SplitActors.Hosts.Serving;

/// <summary>Tells of actors that threw, in a sentence and without a stack trace.</summary>
internal sealed class FailureReport : UntypedActor
{
    private readonly Action<string> _report;

    private FailureReport(Action<string> report)
    {
        _report = report;
        Context.System.EventStream.Subscribe(Self, typeof(Error));
    }

    public static void Start(ActorSystem system, Action<string> report) => system.ActorOf(ActorProps.Of(() => new FailureReport(report)), "failures");

    protected override void OnReceive(object message)
    {
        if (message is Error { Cause: { } cause } error)
            _report($"{error.LogSource} failed: {cause.Message}");
        else if (message is Error other)
            _report($"{other.LogSource}: {other.Message}");
    }
}
