using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Tests.Planning;

/// <summary>A scheduler that plans, with workers and devices of simple costs: Quill's eight layers, every one of which takes the same.</summary>
internal sealed class PlanningWorld
{
    private const double FewerBitsSpeed = 0.5;

    private readonly Dictionary<string, WorkerStatus> _statuses = new(StringComparer.Ordinal);
    private SchedulerState _state;
    private ImmutableArray<SchedulerEffect> _effects = [];

    public PlanningWorld(IAccuracyModel? accuracy = null) => _state = new SchedulerState(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = Quill.Digest,
        LayerCount = 8,
        ContextLength = Quill.Config.ContextLength,
        Planner = Planner(accuracy),
        WorkerMargin = 1,
        WorkerSilenceMax = TimeSpan.FromHours(1),
    });

    public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(10);

    public IEnumerable<IMessage> Sent => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);

    public Protocol.Plan? Planned => Sent.OfType<Protocol.Plan>().SingleOrDefault();

    public Rejected Rejected => Assert.IsType<Rejected>(Sent.Single());

    public static SessionPlanner Planner(IAccuracyModel? accuracy = null) => new()
    {
        Config = Quill.Config,
        Traffic = new TokenTraffic([.. Enumerable.Repeat(1000L, 7)], TokenIdBytes: 25),
        Accuracy = accuracy ?? new Lossless(),
        CompressionOf = splitLayer => CompressionOptions.Default with { ExpectedRisePercent = splitLayer },
    };

    /// <summary>Milliseconds for each layer in 16 bits, half of it in 8.</summary>
    public static MachineProfile Machine(double layerMs, params int[] bits) => new("made up", bits.DefaultIfEmpty(16).ToDictionary(
        count => (WeightFormat.Of(count, 32), KvFormat.Float16),
        count =>
        {
            var line = new LinearCost(layerMs / 1e3 * (count == 16 ? 1 : FewerBitsSpeed), RowSeconds: 0, PositionSeconds: 0);
            return new ComputeProfile(line, line, default, default);
        }));

    public void Greet(string worker, double layerMs, uint firstLayer = 0) => Receive(worker, Hello(layerMs, firstLayer));

    public static Hello Hello(double layerMs, uint firstLayer = 0) => new()
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Quill.Digest,
        FirstLayer = firstLayer,
        EndLayer = 8,
        SessionCountMax = 100,
        Profile = new WorkerProfile { Costs = Machine(layerMs).ToMessage(), BatchRowsMax = 128 },
    };

    /// <summary>Asks for a plan for 100 tokens, of which 10 are the prompt.</summary>
    public Protocol.Plan? Ask(
        MachineProfile device, double roundTripMs = 0, long? memoryBytesMax = null, uint? deadlineUs = null, uint session = 1,
        double? riseMax = null, LinkProfile? link = null, string lostWorker = "", string? from = null)
    {
        var description = new DeviceDescription { Costs = device.ToMessage(), ChunkRows = 64, ThreadCount = 1 };
        if (memoryBytesMax is { } bytes)
            description.MemoryBytesMax = (ulong)bytes;
        if (riseMax is { } rise)
            description.PerplexityRiseMax = rise;
        var request = new PlanRequest
        {
            SessionId = session,
            TokenCountMax = 100,
            PromptCount = 10,
            Device = description,
            Link = (link ?? Link(roundTripMs)).ToMessage(),
            LostWorker = lostWorker,
        };
        if (deadlineUs is { } deadline)
            request.DeadlineUs = deadline;
        Receive(from ?? $"edge/{session}", request);
        return Planned;
    }

    public static LinkProfile Link(double roundTripMs) => LinkProfile.Of(1e9, 1e9, TimeSpan.FromMilliseconds(roundTripMs));

    /// <summary>Later, and about the plan that the device has.</summary>
    public void Report(double? roundTripMs = null, double? deviceMs = null, long? memoryBytesMax = null, uint session = 1)
    {
        Now += TimeSpan.FromSeconds(3);
        var report = new LinkReport { SessionId = session, Revision = _state.Sessions[SessionKey.Of($"edge/{session}", session)].Revision, StepCount = 32, BytesSent = 32_000 };
        if (memoryBytesMax is { } bytes)
            report.MemoryBytesMax = (ulong)bytes;
        if (roundTripMs is { } milliseconds)
            report.Measured = new LinkMeasurement { RoundTripUs = milliseconds * 1e3, SampleCount = 32 };
        if (deviceMs is { } taken)
            (report.DeviceUsSum, report.TokenCount) = ((ulong)(32 * taken * 1e3), 32);
        Receive($"edge/{session}", report);
    }

    /// <summary>Ten more batches of a worker, of one token each, which went through so many layers.</summary>
    public void Status(string worker, double batchMs, int layerCount = 8)
    {
        Now += TimeSpan.FromSeconds(3);
        var before = _statuses.GetValueOrDefault(worker) ?? new WorkerStatus();
        Receive(worker, _statuses[worker] = new WorkerStatus
        {
            BatchCount = before.BatchCount + 10,
            RowsComputed = before.RowsComputed + 10,
            LayersComputed = before.LayersComputed + (ulong)(10 * layerCount),
            LayerRowsComputed = before.LayerRowsComputed + (ulong)(10 * layerCount),
            ComputeUsSum = before.ComputeUsSum + (ulong)(10 * batchMs * 1e3),
        });
    }

    public void Receive(string from, IMessage body) => (_state, _effects) = Scheduler.Step(_state, new Received(from, body), Now);

    public void Lose(string address) => (_state, _effects) = Scheduler.Step(_state, new PeerLost(address), Now);

    public long MemoryAt(int splitLayer, int tokenCount = 100) => DeviceMemory.Of(
        Quill.Config,
        new SplitChoice(splitLayer, WeightFormat.Unquantized, WeightFormat.Unquantized, KvFormat.Float16, KvFormat.Float16),
        new DeviceLoad { TokenCountMax = tokenCount, ChunkRows = 64, ThreadCount = 1, ReplayBytesPerToken = 1000 }).ByteCount;

    private sealed class Lossless : IAccuracyModel
    {
        public double? PerplexityRise(SplitChoice choice) => 0;
    }
}
