using System.CommandLine;
using SplitActors.Hosts.Nodes;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>A device of a cluster: what it is to generate, and what it can and wants.</summary>
internal sealed record EdgeRole
{
    private const int TokensMax = 1 << 24;

    public static readonly IReadOnlyList<Setting> Settings =
    [
        .. MemberAddress.Settings, NodeSettings.Device, RunSettings.Model, RunSettings.MaxTokens, RunSettings.Temperature, RunSettings.TopK, RunSettings.TopP, RunSettings.MinP, RunSettings.RepetitionPenalty, RunSettings.Seed,
        RunSettings.KvBits, RunSettings.FrontBits, RunSettings.GroupSize, RunSettings.DeviceMemory, RunSettings.MaxRise, RunSettings.Deadline, RunSettings.Threads, RunSettings.ProfileCache,
        RunSettings.Fallback, RunSettings.FallbackAfter, RunSettings.HandoffTokens, RunSettings.HandoffDeadline, RunSettings.HandoffKv, NodeSettings.Patience, RunSettings.Json, RunSettings.Quiet,
    ];

    public required string? Prompt { get; init; }

    public required string Model { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>Changes the model's own sampling options to what was asked for.</summary>
    public required Func<SamplingOptions, SamplingOptions> Sampling { get; init; }

    public required RunPlanning Planning { get; init; }

    public required ServingOptions Serving { get; init; }

    public required TimeSpan Patience { get; init; }

    public required bool Json { get; init; }

    public required bool Quiet { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static EdgeRole Read(SettingReader settings, ParseResult parsed)
    {
        var planning = RunPlanning.Read(settings, isPlanned: true); // if the scheduler does
        var (fallsBack, fallbackAfter) = RunMoves.ReadFallback(settings);
        var patience = settings.Seconds(NodeSettings.Patience, 86_400) ?? TimeSpan.FromMinutes(1);
        return new EdgeRole
        {
            Prompt = PromptReader.Find(parsed, EdgeCommand.Name),
            Model = settings.Text(RunSettings.Model) ?? EmbeddedModel.Folder,
            MaxTokens = settings.Integer(RunSettings.MaxTokens, 1, TokensMax) ?? 128,
            Sampling = SamplingSettings.Read(settings),
            Planning = planning,
            Patience = patience,
            Serving = new ServingOptions
            {
                ThreadCount = settings.Integer(RunSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
                KvFormat = planning.KeyValues[0],
                FrontFormat = planning.FrontWeights.Count == 0 ? null : planning.FrontWeights[0],
                BackFormat = null,
                Deadline = settings.Parse<TimeSpan>(RunSettings.Deadline, "a time for each token above 0 such as 50ms/token", DeadlineText.Parse),
                FallsBack = fallsBack ?? false,
                FallbackAfter = fallbackAfter,
                Handoff = RunMoves.ReadHandoff(settings),
                Patience = patience,
            },
            Json = settings.IsOn(RunSettings.Json),
            Quiet = settings.IsOn(RunSettings.Quiet),
        };
    }

    /// <summary>What this machine takes, for a scheduler that plans for the device or promises deadlines.</summary>
    /// <exception cref="UserErrorException">A file of measurements is not what it should be.</exception>
    public ServingProfile Profile(Checkpoint checkpoint, ModelCalibration? calibration, LoadingLine loading, CancellationToken cancellation)
    {
        IEnumerable<WeightFormat> weights = Planning.FrontWeights.Count > 0 ? Planning.FrontWeights : [checkpoint.Quantization?.Front ?? WeightFormat.Unquantized];
        (WeightFormat Weights, KvFormat Kv)[] formats = [.. from format in weights from kv in Planning.KeyValues select (format, kv)];
        var machine = RunProfile.Measure(checkpoint, formats, RunCompression.Default, calibration, Planning.CacheFolder, Serving.ThreadCount, loading, cancellation);
        return new ServingProfile(machine, formats, formats[0]) { MemoryBytesMax = Planning.MemoryBytesMax, PerplexityRiseMax = Planning.PerplexityRiseMax };
    }
}
