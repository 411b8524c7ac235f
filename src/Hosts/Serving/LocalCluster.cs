using System.Collections.Concurrent;
using System.Threading.Channels;
using Akka.Actor;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Serving;

/// <summary>A scheduler, workers and devices in this process, with the in-process transport between them.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const string SchedulerAddress = "scheduler";
    private const string EdgePrefix = "edge/";

    /// <summary>Timers were seen to be late by up to 2.4 ms; a link of 4 ms would be one of 7 without waiting for the rest.</summary>
    internal static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(5);

    /// <summary>What lies between actors of one process: next to nothing, and better known than by the first message, for which code is compiled.</summary>
    private static readonly LinkProfile InProcess = LinkProfile.Of(1e11, 1e11, TimeSpan.Zero);

    private readonly NodeRuntime _runtime;
    private readonly ServedModel _model;
    private readonly ServingOptions _options;
    private readonly EmulatedLinkTransport? _link;
    private readonly CuttableTransport _transport;
    private readonly DeviceHost _devices;
    private readonly IActorRef _scheduler;
    private readonly ConcurrentDictionary<SessionId, IActorRef> _edges = new();
    private readonly Dictionary<string, IActorRef> _workers = new(StringComparer.Ordinal);

    /// <param name="model">That all of them have.</param>
    /// <param name="plan">What every session is told to do; null: the profile's planner plans.</param>
    /// <param name="options">Threads and formats.</param>
    /// <param name="clock">Runs timers and measures.</param>
    /// <param name="report">Told of failures inside, in a sentence each, from any thread.</param>
    public LocalCluster(ServedModel model, FixedPlan? plan, ServingOptions options, TimeProvider clock, Action<string> report)
    {
        (_model, _options) = (model, options);
        IPeers transport = new LocalPeers();
        if (options.Link is { } profile)
        {
            _link = new EmulatedLinkTransport(transport, clock, profile, options.LinkSeed, IsDevice, TimerLateness);
            transport = _link;
        }

        _transport = new CuttableTransport(transport, IsDevice);
        _runtime = new NodeRuntime(options.ThreadCount, clock, report);
        _devices = new DeviceHost(_runtime, model, options, new LocalNames(_runtime.System, _transport), SchedulerAddress) { Plan = plan, Link = options.Link ?? InProcess };
        var scheduler = new SchedulerOptions
        {
            Address = SchedulerAddress,
            ModelDigest = model.Digest,
            LayerCount = model.Config.LayerCount,
            ContextLength = model.Config.ContextLength,
            Plan = plan,
            Planner = options.Profile?.Planner,
            DeviceTokenCountMax = long.MaxValue,
        };
        _scheduler = _runtime.System.ActorOf(ActorProps.Of(() => new SchedulerActor([scheduler], _transport, _runtime.Lanes)), "scheduler");
    }

    /// <summary>Nothing crosses the link between devices and the rest.</summary>
    public bool IsLinkCut
    {
        get => _transport.IsCut;
        set => _transport.IsCut = value;
    }

    /// <summary>What crossed the emulated link so far; null without one.</summary>
    public (LinkTraffic Up, LinkTraffic Down)? Traffic => _link?.Traffic;

    /// <summary>Loads the back layers once and starts workers that share them.</summary>
    /// <exception cref="UserErrorException">A tensor of these layers is missing or damaged.</exception>
    public void StartWorkers(int firstLayer, int count, IProgress<LoadProgress>? progress = null)
    {
        var host = new WorkerHost(_runtime, _model, firstLayer, _options.BackFormat, _options.KvFormat, progress);
        for (var (number, last) = (_workers.Count + 1, _workers.Count + count); number <= last; number++)
        {
            var options = host.Describe($"worker/{number}", SchedulerAddress, _options.Profile?.Worker);
            options = options with { DeviceTokenCountMax = long.MaxValue }; // all memory is for the one device
            _workers[options.Address] = host.Start(options, _transport);
        }
    }

    /// <summary>Emulates another link from now on; there must be one.</summary>
    public void ChangeLink(LinkProfile profile) => _link!.Profile = profile;

    /// <summary>Lets a session go on under another plan.</summary>
    public void MoveSession(SessionId session, FixedPlan plan, string reason) =>
        _scheduler.Tell(new MoveSession(SessionKey.Of(AddressOf(session), session.Value), plan, reason));

    /// <summary>The device has so much memory from now on.</summary>
    public void ChangeDeviceMemory(SessionId session, long bytes) => _edges[session].Tell(new DeviceMemoryChanged((ulong)bytes));

    public void StopWorker(string address) => _runtime.System.Stop(_workers[address]);

    /// <inheritdoc cref="DeviceHost.StartSession"/>
    public (ChannelReader<SessionEvent> Events, IActorRef Actor) StartSession(
        SessionId session, Generation generation, Action<SessionEvent> observe, IProgress<LoadProgress>? progress = null)
    {
        var started = _devices.StartSession(session, AddressOf(session), generation, observe, progress);
        _edges[session] = started.Actor;
        return started;
    }

    /// <summary>Stops all actors and waits for the computation that runs, if any.</summary>
    public async ValueTask DisposeAsync()
    {
        await _runtime.DisposeAsync();
        _link?.Dispose();
    }

    private static string AddressOf(SessionId session) => $"{EdgePrefix}{session}";

    private static bool IsDevice(string address) => address.StartsWith(EdgePrefix, StringComparison.Ordinal);
}
