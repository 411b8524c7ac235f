using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Simulation.Cluster;

/// <summary>Records what is sent, before anything happens to it on the way.</summary>
internal sealed class TracedTransport(IPeers inner, ClusterWatch watch, VirtualTimeProvider time, ProtocolSeams seams) : IPeers
{
    public long MessageCount { get; private set; }

    public void Register(string address, Action<object> post) => inner.Register(address, post);

    public void Unregister(string address) => inner.Unregister(address);

    public void Watch(string address, string watcher) => inner.Watch(address, watcher);

    public void Send(string from, string to, IMessage body)
    {
        MessageCount++;
        watch.Trace.Add(time.Elapsed, from, to, body);
        inner.Send(from, to, seams.Replace(from, to, body));
    }
}
