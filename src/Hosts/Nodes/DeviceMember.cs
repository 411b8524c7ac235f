using System.Collections.Concurrent;
using Google.Protobuf;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;

namespace SplitActors.Hosts.Nodes;

/// <summary>
/// A device's membership, and the way of its sessions to the cluster. They outlive it, as they run in an actor system of their own: a
/// device that the cluster has given up, as it was cut off
/// for long, joins again in a new one, and meanwhile its sessions hear that their peers are lost.
/// </summary>
internal sealed class DeviceMember : IPeers, IAsyncDisposable
{
    private const string NotAMember = "the cluster has given this device up, which joins again";

    private static readonly TimeSpan RejoinPause = TimeSpan.FromSeconds(1);

    private readonly MemberSettings _settings;
    private readonly MemberActors _actors;
    private readonly Action<string> _report;
    private readonly Dictionary<string, DeviceName> _names = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _leaving = new();
    private ClusterMember _member;
    private bool _isMember;
    private Task _keeping = Task.CompletedTask;

    private DeviceMember(MemberSettings settings, MemberActors actors, ClusterMember member, Action<string> report) =>
        (_settings, _actors, _member, _report) = (settings, actors, member, report);

    /// <param name="address">Where it is, and whom it joins.</param>
    /// <param name="device">Its name.</param>
    /// <param name="patience">With a cluster that does not answer.</param>
    /// <param name="report">Told of failures, in a sentence each.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <returns>Null if nobody answers.</returns>
    public static async Task<DeviceMember?> JoinAsync(MemberAddress address, string device, TimeSpan patience, Action<string> report, CancellationToken cancellation)
    {
        var (settings, actors) = (address.ToSettings(report), new MemberActors { Device = device });
        var joined = new DeviceMember(settings, actors, await ClusterMember.StartAsync(settings, actors, TimeSpan.Zero, report), report);
        if (!await joined._member.JoinedAsync(patience, cancellation))
        {
            await joined.DisposeAsync();
            return null;
        }

        joined.Attach();
        joined._keeping = joined.KeepAsync();
        return joined;
    }

    public void Register(string address, Action<object> post)
    {
        lock (_lock)
        {
            var name = _names[address] = new DeviceName(address, post);
            if (_isMember)
                name.Attach(_member, _report);
        }
    }

    public void Unregister(string address)
    {
        lock (_lock)
        {
            if (_names.Remove(address, out var name))
                name.Detach();
        }
    }

    public void Send(string from, string to, IMessage body)
    {
        lock (_lock)
        {
            if (_names.GetValueOrDefault(from) is { } name && !name.Send(to, body))
                name.Post(new Undelivered(to, NotAMember));
        }
    }

    public void Watch(string address, string watcher)
    {
        lock (_lock)
            _names.GetValueOrDefault(watcher)?.Watch(address);
    }

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await _keeping;
        await _member.DisposeAsync();
        _leaving.Dispose();
    }

    private async Task KeepAsync()
    {
        while (true)
        {
            await Task.WhenAny(_member.Ended, _member.StrandedAsync(_settings.Seeds, _leaving.Token));
            if (_leaving.IsCancellationRequested)
                return;
            lock (_lock)
            {
                _isMember = false;
                foreach (var name in _names.Values)
                    name.Lose();
            }

            await _member.DisposeAsync();
            await Task.Delay(RejoinPause, CancellationToken.None);
            _member = await ClusterMember.StartAsync(_settings, _actors, TimeSpan.Zero, _report);
            _member.WhenUp(Attach);
        }
    }

    private void Attach()
    {
        lock (_lock)
        {
            _isMember = true;
            foreach (var name in _names.Values)
                name.Attach(_member, _report);
        }
    }

    /// <summary>
    /// A session's name, which has an endpoint in the cluster while the device is a member. Belongs to its device's lock.
    /// </summary>
    private sealed class DeviceName(string name, Action<object> post)
    {
        private readonly ConcurrentDictionary<string, bool> _watched = new(StringComparer.Ordinal);
        private IPeers? _peers;

        public Action<object> Post => post;

        public void Attach(ClusterMember member, Action<string> report) => _peers = new ClusterNames(member.System, member.Routes, report).Open(name, Pass);

        public void Detach() => _peers?.Unregister(name);

        public bool Send(string to, IMessage body)
        {
            _peers?.Send(name, to, body);
            return _peers is not null;
        }

        public void Watch(string address)
        {
            _watched[address] = true;
            if (_peers is not null)
                _peers.Watch(address, name);
            else
                Lose();
        }

        /// <summary>The endpoint is gone, and with it all that it watched.</summary>
        public void Lose()
        {
            _peers = null;
            foreach (var address in _watched.Keys)
                Pass(new PeerLost(address));
        }

        /// <summary>Tells once of a peer that is lost, whether the endpoint noticed it or went with it. From any thread.</summary>
        private void Pass(object message)
        {
            if (message is not PeerLost lost || _watched.TryRemove(lost.Address, out _))
                post(message);
        }
    }
}
