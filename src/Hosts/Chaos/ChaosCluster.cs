using System.Net;
using System.Text.Json;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// A cluster of processes of this program on this machine: a broker of its own, two schedulers, workers, and the means to break each. Every worker and device has a
/// network to the broker of its own. It ends with this process, however that ends.
/// </summary>
internal sealed class ChaosCluster : IDisposable
{
    private const int SchedulerCount = 2;
    private const int DeletesMax = 50;

    /// <summary>Until all processes serve for the first time.</summary>
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan DeletePause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan CertificateLifetime = TimeSpan.FromDays(30);

    private readonly string _place = Directory.CreateTempSubdirectory("splitactors-chaos-").FullName;
    private readonly BrokerFolder _folder;
    private readonly PrivateBroker _broker;
    private readonly Dictionary<string, TcpProxy> _links = new(StringComparer.Ordinal);
    private readonly List<ClusterNode> _schedulers = [];
    private readonly List<ClusterNode> _workers = [];
    private readonly ChaosSetup _setup;
    private readonly IReadOnlyList<string> _workerNames;
    private readonly ChaosLog _log;
    private IDisposable? _lease;
    private volatile bool _isBrokerUp;

    /// <param name="setup">How many of what.</param>
    /// <param name="log">Told of what all say.</param>
    public ChaosCluster(ChaosSetup setup, ChaosLog log)
    {
        (_setup, _log) = (setup, log);
        _folder = new BrokerFolder(Path.Combine(_place, "cluster"), "localhost", new IPEndPoint(IPAddress.Loopback, PrivateBroker.FreePorts(1)[0]));
        _broker = new PrivateBroker(_folder.Path, _folder.Endpoint);
        _workerNames = [.. Enumerable.Range(1, setup.WorkerCount).Select(number => $"worker{number}")];
        Devices = [.. Enumerable.Range(1, setup.DeviceCount).Select(number => $"device{number}")];
    }

    public IReadOnlyList<string> Devices { get; }

    public Changes Changes { get; } = new();

    public bool IsBrokerUp => _isBrokerUp;

    public ClusterNode? ActiveScheduler => _schedulers.Where(scheduler => scheduler.Active.Count > 0).MaxBy(scheduler => scheduler.Active.At);

    public IReadOnlyList<ClusterNode> Schedulers => _schedulers;

    /// <exception cref="UserErrorException">There is no broker here, or it does not start, or the processes do not.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        List<BrokerUser> users = [.. _workerNames.Select(name => new BrokerUser(name, BrokerRole.Worker)), .. Devices.Select(name => new BrokerUser(name, BrokerRole.Device))];
        new BrokerSetup(_folder, replaces: false).Create(users, TimeProvider.System, CertificateLifetime);
        _lease = _folder.Lease();
        await _broker.StartAsync(cancellation);
        _isBrokerUp = true;
        foreach (var user in users)
            Connect(user.Name);
        for (var number = 1; number <= SchedulerCount; number++)
            _schedulers.Add(Start("scheduler", $"scheduler{number}", BrokerFolder.SchedulerName, ["--status-every", "1", .. _setup.PlanArguments]));
        foreach (var name in _workerNames)
            _workers.Add(Start("worker", name, name, ["--threads", "1"]));
        if (!await Changes.UntilAsync(() => _schedulers.Concat(_workers).All(node => node.IsServing) && ActiveScheduler is not null, StartTimeMax, cancellation))
            throw new UserErrorException(UserErrorKind.Broker, "The cluster", $"that all its processes serve within {StartTimeMax.TotalMinutes} minutes", string.Join(" ", _log.Problems.DefaultIfEmpty("that they do not")), "Name a folder with --logs to see what they say.");
    }

    public string ConfigOf(string user) => _folder.File($"{user}.json");

    public TcpProxy LinkOf(string user) => _links[user];

    /// <param name="address">In the cluster.</param>
    public ClusterNode WorkerAt(string address) => _workers.Single(worker => address == $"worker/{worker.Name}");

    /// <summary>Waits until the cluster can lose this one, and would go on at once.</summary>
    /// <param name="worker">Null: none.</param>
    public Task SpareAsync(ClusterNode? worker, CancellationToken cancellation) => Changes.UntilAsync(() => CanSpare(worker), cancellation);

    /// <inheritdoc cref="SpareAsync"/>
    public bool CanSpare(ClusterNode? worker) => _isBrokerUp && worker?.IsServing != false && _workers.Exists(other => other != worker && other.IsServing);

    /// <summary>As if its machine lost power, and came back.</summary>
    public async Task RestartBrokerAsync(CancellationToken cancellation)
    {
        _isBrokerUp = false;
        _broker.Kill();
        await _broker.StartAsync(cancellation);
        _isBrokerUp = true;
        Changes.Announce();
    }

    public void Dispose()
    {
        foreach (var node in _workers.Concat(_schedulers))
            node.Dispose();
        foreach (var link in _links.Values)
            link.Dispose();
        _broker.Dispose();
        _lease?.Dispose();
        DeleteFolder();
    }

    /// <summary>What was killed may still write its last files.</summary>
    private void DeleteFolder()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(_place, recursive: true);
                return;
            }
            catch (IOException) when (attempt < DeletesMax)
            {
                Thread.Sleep(DeletePause);
            }
        }
    }

    private ClusterNode Start(string command, string name, string user, IReadOnlyList<string> arguments) =>
        new(name, [command, "--config", ConfigOf(user), .. arguments, .. _setup.ModelArguments, "--json"], _log, Changes);

    /// <summary>The way of a process to the broker leads through a network that can be cut.</summary>
    private void Connect(string user)
    {
        var link = _links[user] = new TcpProxy(_folder.Endpoint.Port);
        var uri = JsonElement.Parse(BrokerFolder.Read(ConfigOf(user))).GetProperty(BrokerFolder.UriKey).GetString()!;
        var cuttable = uri.Replace($":{_folder.Endpoint.Port}", $":{link.Port}", StringComparison.Ordinal);
        PrivateFile.Write(ConfigOf(user), JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { [BrokerFolder.UriKey] = cuttable }));
    }
}
