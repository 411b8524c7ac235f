using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Hosts.Serving;

/// <summary>A transport of which the link between devices and the rest can be cut: what would cross it is lost, and nobody is told.</summary>
/// <param name="inner">Delivers.</param>
/// <param name="isDevice">Whether an address is a device's.</param>
internal sealed class CuttableTransport(IPeers inner, Func<string, bool> isDevice) : IPeers
{
    private volatile bool _isCut;

    public bool IsCut
    {
        get => _isCut;
        set => _isCut = value;
    }

    public void Register(string address, Action<object> post) => inner.Register(address, post);

    public void Unregister(string address) => inner.Unregister(address);

    public void Watch(string address, string watcher) => inner.Watch(address, watcher);

    public void Send(string from, string to, IMessage body)
    {
        if (!_isCut || isDevice(from) == isDevice(to))
            inner.Send(from, to, body);
    }
}
