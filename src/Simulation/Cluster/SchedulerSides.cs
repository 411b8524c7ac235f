using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>
/// Lets two schedulers have one name, as where a network is cut in two and each side has one: what some nodes send to the name goes to
/// the second one, and what that one sends comes from the name.
/// </summary>
/// <param name="inner">Delivers.</param>
/// <param name="scheduler">The name.</param>
internal sealed class SchedulerSides(IPeers inner, string scheduler) : IPeers
{
    private readonly string _second = scheduler + "/second";
    private ulong? _seed;

    /// <param name="seed">Chooses who is on which side.</param>
    public void Split(ulong seed) => _seed = seed;

    /// <summary>All are on the first one's side again.</summary>
    public void Join() => _seed = null;

    /// <summary>The way of the second scheduler to its peers, for whom it is the scheduler.</summary>
    public IPeers AsSecond(IPeers network) => new SecondPeers(network, _second);

    public void Register(string address, Action<object> post) => inner.Register(address, post);

    public void Unregister(string address) => inner.Unregister(address);

    public void Watch(string address, string watcher) => inner.Watch(Reached(address, watcher), watcher);

    public void Send(string from, string to, IMessage body) => inner.Send(from == _second ? scheduler : from, Reached(to, from), body);

    private string Reached(string address, string by)
    {
        if (_seed is not { } mixed || address != scheduler)
            return address;
        foreach (var letter in by)
            mixed = TokenChain.Mix(mixed, letter);
        return mixed % 2 == 0 ? scheduler : _second;
    }

    private sealed class SecondPeers(IPeers network, string name) : IPeers
    {
        public void Register(string address, Action<object> post) => network.Register(name, post);

        public void Unregister(string address) => network.Unregister(name);

        public void Watch(string address, string watcher) => network.Watch(address, name);

        public void Send(string from, string to, IMessage body) => network.Send(name, to, body);
    }
}
