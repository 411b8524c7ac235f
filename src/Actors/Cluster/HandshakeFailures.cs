using Akka;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Remote;
using DotNetty.Handlers.Tls;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// TLS handshakes with other nodes that fail. Akka.NET begins to shut the whole actor system down for one that it began itself, so a wrong certificate elsewhere, or a peer that dies at that moment, would end every
/// node that dials it. That shutdown is held at its first step until the node leaves for a reason of its own, and does all that it has to do then.
/// </summary>
public sealed class HandshakeFailures : IExtension
{
    private const int FailedHandshake = 79; // the exit code of Akka.NET's reason, whose type is internal

    private readonly TaskCompletionSource _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal HandshakeFailures(ExtendedActorSystem system)
    {
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "leave for a reason of its own", async () =>
        {
            if (shutdown.ShutdownReason?.ExitCode == FailedHandshake)
                await _leaving.Task;
            return Done.Instance;
        });
        Akka.Cluster.Cluster.Get(system).RegisterOnMemberRemoved(Release);
        if (system.Settings.Setup.Get<NodeTlsSetup>() is { HasValue: true, Value: var setup })
            system.SystemActorOf(ActorProps.Of(() => new Reporter(setup.Tls)), "handshake-failures");
    }

    public static HandshakeFailures Of(ActorSystem system) => system.WithExtension<HandshakeFailures, HandshakeFailuresProvider>();

    /// <summary>The node leaves, and a shutdown that is held goes on.</summary>
    public void Release() => _leaving.TrySetResult();

    /// <summary>What is dialled and speaks something else is told of; a wrong certificate is where it is looked at, and a peer that goes away may come back.</summary>
    private sealed class Reporter : UntypedActor
    {
        private readonly NodeTls _tls;

        public Reporter(NodeTls tls)
        {
            _tls = tls;
            Context.System.EventStream.Subscribe(Self, typeof(AssociationErrorEvent));
        }

        protected override void OnReceive(object message)
        {
            if (message is AssociationErrorEvent { Cause: var cause, RemoteAddress: { Host: { } host, Port: { } port } } && IsNoTls(cause))
                _tls.Report(FormattableString.Invariant($"{host}:{port}"), TlsRefusal.Always("it does not speak TLS as a node does"));
        }

        private static bool IsNoTls(Exception? failure) => failure is NotSslRecordException || (failure?.InnerException is { } inner && IsNoTls(inner));
    }
}

/// <summary>Named in <c>reference.conf</c>.</summary>
public sealed class HandshakeFailuresProvider : ExtensionIdProvider<HandshakeFailures>
{
    public override HandshakeFailures CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>What an actor system's failed handshakes are told to.</summary>
internal sealed class NodeTlsSetup(NodeTls tls) : Setup
{
    public NodeTls Tls => tls;
}
