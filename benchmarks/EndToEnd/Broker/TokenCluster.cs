using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Hosts.Serving;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.EndToEnd.Broker;

/// <summary>A scheduler, a worker and devices of one thread that computes, in split mode on the embedded model.</summary>
internal sealed class TokenCluster : IAsyncDisposable
{
    /// <summary>Users, and what they are, of the broker.</summary>
    public const string Scheduler = "scheduler";
    public const string Worker = "w1";
    public const string Device = "d1";

    private const int TokenCount = 128;

    private static readonly int[] Prompt = [1, 40, 77, 300, 512, 9, 81, 230];

    private readonly NodeRuntime _runtime = new(threadCount: 1, TimeProvider.System, Console.Error.WriteLine);
    private readonly DeviceHost _devices;
    private ulong _sessionCount;

    /// <param name="model">The embedded one.</param>
    /// <param name="front">Weights of the device; null: as in the checkpoint.</param>
    /// <param name="back">The worker's.</param>
    /// <param name="transportOf">By user.</param>
    public TokenCluster(ServedModel model, WeightFormat? front, WeightFormat? back, Func<string, IPeers> transportOf)
    {
        var splitLayer = model.Config.LayerCount / 2;
        var plan = new FixedPlan(ExecutionMode.Split, splitLayer, CompressionOptions.Default);
        var scheduler = new SchedulerOptions { Address = Scheduler, ModelDigest = model.Digest, LayerCount = model.Config.LayerCount, ContextLength = model.Config.ContextLength, Plan = plan };
        _runtime.System.ActorOf(ActorProps.Of(() => new SchedulerActor([scheduler], transportOf(Scheduler), _runtime.Lanes)), Scheduler);
        var host = new WorkerHost(_runtime, model, splitLayer, back, KvFormat.Float16);
        host.Start(host.Describe($"worker/{Worker}", Scheduler, costs: null), transportOf(Worker));
        var options = new ServingOptions { ThreadCount = 1, KvFormat = KvFormat.Float16, FrontFormat = front, BackFormat = back };
        _devices = new DeviceHost(_runtime, model, options, new LocalNames(_runtime.System, transportOf(Device)), Scheduler);
    }

    /// <summary>Runs a session and returns the bills of its later tokens: the first ones wait for the prompt.</summary>
    public async Task<IReadOnlyList<TokenBill>> RunAsync()
    {
        const int skipped = 8;
        var session = new SessionId(++_sessionCount);
        var (events, _) = _devices.StartSession(session, $"edge/{Device}/{session}", new Generation(Prompt, SamplingOptions.Greedy, TokenCount), _ => { });
        var bills = new List<TokenBill>();
        await foreach (var sessionEvent in events.ReadAllAsync())
        {
            if (sessionEvent is TokenGenerated generated)
                bills.Add(generated.Bill);
            if (sessionEvent is SessionEnded ended)
                return ended.Reason == EndReason.Failed ? throw new InvalidOperationException(ended.Detail) : bills[skipped..];
        }

        throw new InvalidOperationException("The session did not end.");
    }

    public ValueTask DisposeAsync() => _runtime.DisposeAsync();
}
