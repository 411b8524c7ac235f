using SplitActors.Inference;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// A cluster of processes of this program on this machine: schedulers, which are its seed nodes, workers, and the means to break each, and
/// any link between two nodes. It ends with this process,
/// however that ends.
/// </summary>
internal sealed class ChaosCluster : IDisposable
{
    private const string WorkerPrefix = "worker/";

    /// <summary>Until all processes serve for the first time.</summary>
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromMinutes(3);

    private readonly List<ClusterNode> _schedulers = [];
    private readonly List<ClusterNode> _workers = [];
    private readonly ChaosSetup _setup;
    private readonly ChaosLog _log;
    private string _seeds = "";

    /// <param name="setup">How many of what.</param>
    /// <param name="log">Told of what all say.</param>
    public ChaosCluster(ChaosSetup setup, ChaosLog log)
    {
        (_setup, _log) = (setup, log);
        Devices = [.. Enumerable.Range(1, setup.DeviceCount).Select(number => $"device{number}")];
    }

    public ChaosNetwork Network { get; } = new();

    public IReadOnlyList<string> Devices { get; }

    public Changes Changes { get; } = new();

    public ClusterNode? ActiveScheduler => _schedulers.Where(scheduler => scheduler.Active.Count > 0).MaxBy(scheduler => scheduler.Active.At);

    public IReadOnlyList<ClusterNode> Schedulers => _schedulers;

    public IReadOnlyList<ClusterNode> Workers => _workers;

    /// <exception cref="UserErrorException">The processes do not start.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        List<(string Name, string Host)> seeds = [.. Names("scheduler", _setup.SchedulerCount).Select(name => (name, Network.Add(name)))];
        _seeds = string.Join(',', seeds.Select(seed => $"{seed.Host}:{ChaosNetwork.PublicPort}"));
        foreach (var (name, host) in seeds)
        {
            string[] arguments = ["scheduler", .. PlaceOf(host), "--status-every", "1", .. _setup.PlanArguments, .. _setup.ModelArguments, "--json"];
            _schedulers.Add(new ClusterNode(name, arguments, _log, Changes, Observe));
        }

        foreach (var name in Names("worker", _setup.WorkerCount))
        {
            string[] arguments = ["worker", .. PlaceOf(Network.Add(name)), "--name", name, "--threads", "1", .. _setup.ModelArguments, "--json"];
            _workers.Add(new ClusterNode(name, arguments, _log, Changes));
        }

        if (!await Changes.UntilAsync(() => _schedulers.Concat(_workers).All(node => node.IsServing) && ActiveScheduler is not null, StartTimeMax, cancellation))
        {
            throw new UserErrorException(
                UserErrorKind.Cluster,
                "The cluster",
                $"that all its processes serve within {StartTimeMax.TotalMinutes} minutes",
                string.Join(" ", _log.Problems.DefaultIfEmpty("that they do not")),
                "Name a folder with --logs to see what they say.");
        }
    }

    /// <summary>A place in the network for a device's session, which it leaves with <see cref="ChaosNetwork.Remove"/>.</summary>
    /// <param name="session">Its name there.</param>
    /// <param name="device">Of the device.</param>
    /// <returns>Arguments of <c>splitactors edge</c>.</returns>
    public IReadOnlyList<string> Place(string session, string device) => [.. PlaceOf(Network.Add(session)), "--name", device];

    /// <summary>All schedulers are members, and a worker serves.</summary>
    public bool IsWhole => _schedulers.All(scheduler => scheduler.IsServing) && CanSpare(worker: null);

    /// <param name="address">In the cluster.</param>
    public ClusterNode WorkerAt(string address) => _workers.Single(worker => address == WorkerPrefix + worker.Name);

    /// <summary>Waits until the cluster can lose this one, and would go on at once.</summary>
    /// <param name="worker">Null: none.</param>
    public Task SpareAsync(ClusterNode? worker, CancellationToken cancellation) => Changes.UntilAsync(() => CanSpare(worker), cancellation);

    /// <inheritdoc cref="SpareAsync"/>
    public bool CanSpare(ClusterNode? worker) => worker?.IsServing != false && _workers.Exists(other => other != worker && other.IsServing);

    public void Dispose()
    {
        foreach (var node in _workers.Concat(_schedulers))
            node.Dispose();
        Network.Dispose();
    }

    private static IEnumerable<string> Names(string role, int count) => Enumerable.Range(1, count).Select(number => $"{role}{number}");

    private string[] PlaceOf(string host) =>
        ["--listen", $"{host}:{ChaosNetwork.NodePort}", "--public", $"{host}:{ChaosNetwork.PublicPort}", "--join", _seeds];

    /// <summary>What a scheduler says of workers.</summary>
    private void Observe(string name, string message)
    {
        if (name is "joined" or "lost" && message.StartsWith(WorkerPrefix, StringComparison.Ordinal))
            _workers.Find(worker => worker.Name == message[WorkerPrefix.Length..].Split(' ')[0])?.Know(name == "joined");
    }
}
