using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Tests.Sessions;

internal sealed record SentMessage(string From, string To, IMessage Body);

/// <summary>Keeps all that is sent, and lets a test lose or change a message.</summary>
internal sealed class TappedTransport(IPeers inner) : IPeers
{
    public List<SentMessage> Sent { get; } = [];

    /// <summary>What travels in place of a message; null loses it.</summary>
    public Func<SentMessage, IMessage?> Replace { get; set; } = static message => message.Body;

    public IEnumerable<T> Bodies<T>()
        where T : IMessage => Sent.Select(message => message.Body).OfType<T>();

    public void Register(string address, Action<object> post) => inner.Register(address, post);

    public void Unregister(string address) => inner.Unregister(address);

    public void Watch(string address, string watcher) => inner.Watch(address, watcher);

    public void Send(string from, string to, IMessage body)
    {
        var message = new SentMessage(from, to, body);
        Sent.Add(message);
        if (Replace(message) is { } replaced)
            inner.Send(from, to, replaced);
    }
}
