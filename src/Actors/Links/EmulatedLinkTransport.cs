using System.Collections.Concurrent;
using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Links;

/// <summary>
/// Lets the messages between devices and the cloud take the time of a link, on any clock: each device has a link of its own, which is
/// lossless and in order, as failed attempts are made again. What stays on one side does not cross it, and neither do watches: a lost peer is
/// known at once. A device is told what of its messages has not left yet. The same seed and the same messages of a device give the same failures.
/// </summary>
/// <param name="inner">Delivers.</param>
/// <param name="clock">Runs the timers.</param>
/// <param name="profile">At first; see <see cref="Profile"/>.</param>
/// <param name="seed">Chooses the attempts that fail.</param>
/// <param name="isDevice">Whether an address is a device's.</param>
/// <param name="timerLateness">
/// By how much the clock's timers may be late; this much of each message's time is waited for actively. Zero for virtual time.
/// </param>
public sealed class EmulatedLinkTransport(
    IPeers inner, TimeProvider clock, LinkProfile profile, ulong seed, Func<string, bool> isDevice, TimeSpan timerLateness = default)
    : IPeers, IDisposable
{
    private readonly ConcurrentDictionary<string, DeviceLink> _links = new(StringComparer.Ordinal);
    private readonly SplitMix64 _seeds = new(seed);
    private readonly Lock _lock = new(); // of what follows, and of which links there are
    private (LinkTraffic Up, LinkTraffic Down) _closed;
    private volatile LinkProfile _profile = profile;

    /// <summary>What the links are like; a change holds for what is sent after it.</summary>
    public LinkProfile Profile
    {
        get => _profile;
        set => _profile = value;
    }

    /// <summary>Of all devices so far.</summary>
    public (LinkTraffic Up, LinkTraffic Down) Traffic
    {
        get
        {
            lock (_lock)
            {
                var open = _links.Values.Select(link => (Up: link.Up.Traffic, Down: link.Down.Traffic)).ToList();
                return open.Aggregate(_closed, (sum, link) => (sum.Up + link.Up, sum.Down + link.Down));
            }
        }
    }

    public void Register(string address, Action<object> post)
    {
        inner.Register(address, post);
        if (!isDevice(address))
            return;
        lock (_lock)
            _links.GetOrAdd(address, NewLink).Open(post);
    }

    /// <summary>What a device sent before still arrives.</summary>
    public void Unregister(string address)
    {
        inner.Unregister(address);
        if (!_links.TryGetValue(address, out var link))
            return;
        link.Close();
        CloseIfDone(address);
    }

    public void Watch(string address, string watcher) => inner.Watch(address, watcher);

    public void Send(string from, string to, IMessage body)
    {
        if (isDevice(from) == isDevice(to))
            inner.Send(from, to, body);
        else if (_links.TryGetValue(from, out var own))
            own.Up.Send(from, to, body, _profile.Up);
        else if (_links.TryGetValue(to, out var others))
            others.Down.Send(from, to, body, _profile.Down);
        else
            inner.Send(from, to, body); // to a device that is gone, which the sender is told
    }

    public void Dispose()
    {
        foreach (var link in _links.Values)
            link.Dispose();
    }

    private DeviceLink NewLink(string address)
    {
        DeviceLink? link = null;
        var departures = new Departures(clock, outgoing => link?.Device?.Invoke(outgoing));
        return link = new DeviceLink(NewQueue(departures), NewQueue());

        LinkQueue NewQueue(Departures? departures = null) =>
            new(inner, clock, _seeds.Next(), timerLateness, () => CloseIfDone(address), departures);
    }

    private void CloseIfDone(string address)
    {
        lock (_lock)
        {
            if (!_links.TryGetValue(address, out var link) || !link.IsDone || !_links.TryRemove(address, out _))
                return;
            _closed = (_closed.Up + link.Up.Traffic, _closed.Down + link.Down.Traffic);
            link.Dispose();
        }
    }

    private sealed record DeviceLink(LinkQueue Up, LinkQueue Down) : IDisposable
    {
        private volatile Action<object>? _device;

        /// <summary>Null once the device has given its address up.</summary>
        public Action<object>? Device => _device;

        public bool IsDone => _device is null && Up.IsEmpty && Down.IsEmpty;

        public void Open(Action<object> device) => _device = device;

        public void Close() => _device = null;

        public void Dispose()
        {
            Up.Dispose();
            Down.Dispose();
        }
    }
}
