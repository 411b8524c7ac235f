using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Links;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Planning.Selection;

/// <summary>A random problem whose limits lie near what its candidates need, so that each of them binds now and then.</summary>
internal sealed class SmallProblem : IAccuracyModel
{
    private static readonly WeightFormat[] WeightFormats = [new(2), new(4), new(8), WeightFormat.Unquantized];
    private static readonly KvFormat[] KvFormats = [KvFormat.Int4, KvFormat.Int8, KvFormat.Float16];

    private const double BetweenSums = 3.7e-7; // so that no sum of the round times below is the deadline but for rounding

    private readonly Dictionary<SplitChoice, double> _rises = [];
    private readonly Random _random;

    public SmallProblem(int seed)
    {
        _random = new Random(seed);
        var tokenCountMax = _random.Next(1, 80);
        var config = Config();
        Problem = new PlanningProblem
        {
            Config = config,
            DeviceLoad = new DeviceLoad
            {
                Share = _random.Next(2) == 0 ? DeviceShare.Front : DeviceShare.WholeModel,
                TokenCountMax = tokenCountMax,
                ChunkRows = _random.Next(1, 20),
                ThreadCount = 1,
                ReplayBytesPerToken = _random.Next(0, 300),
                RuntimeBytes = _random.Next(0, 10_000),
            },
            Device = Machine("device", speed: Math.Pow(4, _random.NextDouble())),
            Worker = new WorkerSituation(Machine("worker", speed: 2), WeightFormat.Unquantized, KvFormat.Float16, _random.Next(1, 5), _random.Next(0, 3) * 1e-3),
            Uplink = new StraightLink(_random.Next(0, 4) * 1e-3, _random.Next(0, 3) * 1e-5, IsDead: _random.Next(20) == 0),
            Downlink = new StraightLink(_random.Next(0, 4) * 1e-3, 1e-6, IsDead: false),
            Traffic = new TokenTraffic([.. Enumerable.Range(1, config.LayerCount - 1).Select(_ => _random.NextInt64(50, 500))], 8),
            PromptTokens = _random.Next(1, tokenCountMax + 1),
            FrontWeights = Some(WeightFormats),
            FrontKv = Some(KvFormats),
            BackWeights = Some(WeightFormats),
            BackKv = Some(KvFormats),
            MemoryBytesMax = _random.Next(0, 600_000),
            PerplexityRiseMax = _random.Next(3) == 0 ? double.PositiveInfinity : _random.Next(0, 12) / 100.0,
            DeadlineSeconds = _random.Next(3) == 0 ? double.PositiveInfinity : (_random.Next(1, 30) * 1e-3) + BetweenSums,
        };
    }

    public PlanningProblem Problem { get; }

    /// <summary>In whole percents, so that equal ones occur.</summary>
    public double? PerplexityRise(SplitChoice choice)
    {
        if (!_rises.TryGetValue(choice, out var rise))
            _rises[choice] = rise = choice.SplitLayer == 0 ? 0 : _random.Next(0, 15) / 100.0;
        return rise;
    }

    private ModelConfig Config() => new()
    {
        LayerCount = _random.Next(1, 6),
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 8,
        HiddenSize = 32,
        IntermediateSize = 64,
        VocabularySize = 100,
        ContextLength = 64,
        TieWordEmbeddings = _random.Next(2) == 0,
    };

    /// <summary>Few different speeds, so that equal times occur.</summary>
    private MachineProfile Machine(string name, double speed) => new(name, WeightFormats
        .SelectMany(weights => KvFormats.Select(kv => (weights, kv)))
        .ToDictionary(format => format, _ => new ComputeProfile(Cost(speed), Cost(speed), Cost(speed), Cost(speed))));

    private LinearCost Cost(double speed) => new(_random.Next(1, 4) * 1e-3 / speed, _random.Next(0, 3) * 1e-4 / speed, _random.Next(0, 2) * 1e-6 / speed);

    private T[] Some<T>(T[] values) => [.. values.OrderBy(_ => _random.Next()).Take(_random.Next(1, values.Length + 1))];

    private sealed record StraightLink(double DelaySeconds, double SecondsPerByte, bool IsDead) : ILinkModel
    {
        public double ExpectedSeconds(long byteCount) => DelaySeconds + (byteCount * SecondsPerByte);

        public double WorstCaseSeconds(long byteCount) => IsDead ? double.PositiveInfinity : 2 * ExpectedSeconds(byteCount);
    }
}
