using System.Diagnostics;
using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.EndToEnd.Member;

/// <summary>
/// Holds every message for a while, awake and without touching memory: what it adds to a token beyond that while is what waiting alone does to the computation,
/// whose weights leave the caches meanwhile.
/// </summary>
internal sealed class HeldPeers(IPeers inner) : IPeers
{
    /// <summary>Of each message.</summary>
    public TimeSpan HoldTime { get; set; }

    public void Register(string address, Action<object> post) => inner.Register(address, post);

    public void Unregister(string address) => inner.Unregister(address);

    public void Watch(string address, string watcher) => inner.Watch(address, watcher);

    public void Send(string from, string to, IMessage body) => ThreadPool.UnsafeQueueUserWorkItem(
        message =>
        {
            var started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < HoldTime)
                Thread.SpinWait(1);
            inner.Send(message.From, message.To, message.Body);
        },
        (From: from, To: to, Body: body),
        preferLocal: false);
}
