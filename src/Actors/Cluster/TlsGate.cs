using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Remote.Transport;
using AkkaTransport = Akka.Remote.Transport.Transport;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// Stands before remoting's transport: a peer is dialled only after a TLS handshake of our own with it went well. Akka.NET shuts the whole actor system down when a handshake fails that it began itself, so one
/// wrong certificate elsewhere would end every node that dials it. Messages do not pass through here.
/// </summary>
/// <param name="wrapped">Remoting's.</param>
/// <param name="tls">Null: without TLS, nothing is tried first.</param>
internal sealed class TlsGate(AkkaTransport wrapped, NodeTls? tls) : AkkaTransport
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(10);

    public override string SchemeIdentifier => wrapped.SchemeIdentifier;

    public override long MaximumPayloadBytes => wrapped.MaximumPayloadBytes;

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => wrapped.Listen();

    public override bool IsResponsibleFor(Address remote) => wrapped.IsResponsibleFor(remote);

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        if (tls is not null && await WhyNotAsync(tls, remoteAddress) is { } why)
            throw new InvalidAssociationException($"No connection with {remoteAddress}: {why}.");
        return await wrapped.Associate(remoteAddress);
    }

    public override Task<bool> Shutdown() => wrapped.Shutdown();

    public override Task<bool> ManagementCommand(object message) => wrapped.ManagementCommand(message);

    /// <returns>Null: the peer is one of ours. With TLS 1.3, whether it takes us for one of its own shows only afterwards, and then ends the connection alone.</returns>
    private static async Task<string?> WhyNotAsync(NodeTls tls, Address remote)
    {
        var (host, port) = (remote.Host ?? "", remote.Port ?? 0);
        using var patience = new CancellationTokenSource(TimeMax);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(host, port, patience.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            return "nobody answers"; // not worth a word: it may be on its way
        }

        TlsRefusal? refusal = null;
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, errors) => (refusal = tls.WhyRefused(certificate as X509Certificate2, errors)) is null);
        try
        {
            await stream.AuthenticateAsClientAsync(tls.ClientOptions(host), patience.Token);
            return null;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            refusal ??= TlsRefusal.Always("it does not speak TLS as a node does, or refuses this node's certificate");
            tls.Report($"{host}:{port}", refusal);
            return refusal.Why;
        }
    }
}

/// <summary>Named in <c>reference.conf</c>.</summary>
public sealed class TlsGateProvider : ITransportAdapterProvider
{
    public AkkaTransport Create(AkkaTransport wrappedTransport, ExtendedActorSystem system) =>
        new TlsGate(wrappedTransport, system.Settings.Setup.Get<NodeTlsSetup>() is { HasValue: true, Value: var setup } ? setup.Tls : null);
}

/// <summary>What the gate of an actor system is told.</summary>
internal sealed class NodeTlsSetup(NodeTls tls) : Setup
{
    public NodeTls Tls => tls;
}
