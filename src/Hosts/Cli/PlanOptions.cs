using System.CommandLine;
using SplitActors.Hosts.Planning;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors plan</c> is asked to do. What only the model can settle is still open.</summary>
internal sealed record PlanOptions
{
    private const int TokensDefault = 350;
    private const int TokensMax = 1 << 24;
    private const int BatchMax = 4096;
    private const double QueueSecondsMax = 3600;

    /// <summary>A folder; unless there is a <see cref="Shape"/>.</summary>
    public required string Model { get; init; }

    /// <summary>Null: there is a model.</summary>
    public required string? Shape { get; init; }

    /// <summary>Sizes of the <see cref="Shape"/>.</summary>
    public required ModelConfig? ShapeConfig { get; init; }

    public required long MemoryBytesMax { get; init; }

    public required (string Text, string Place) DeviceProfile { get; init; }

    public required (string Text, string Place) WorkerProfile { get; init; }

    public required LinkText Link { get; init; }

    public required double DeadlineSeconds { get; init; }

    /// <summary>Null: the default, or what the context has room for.</summary>
    public required int? TokenCountMax { get; init; }

    /// <summary>Null: half of the tokens.</summary>
    public required int? PromptTokens { get; init; }

    public required QualityTarget Quality { get; init; }

    /// <summary>Null: the default where something was measured.</summary>
    public required double? PerplexityRiseMax { get; init; }

    public required IReadOnlyList<WeightFormat> FrontWeights { get; init; }

    public required IReadOnlyList<KvFormat> FrontKv { get; init; }

    public required WeightFormat WorkerWeights { get; init; }

    public required KvFormat WorkerKv { get; init; }

    public required int WorkerBatch { get; init; }

    public required double WorkerQueueSeconds { get; init; }

    public required int ThreadCount { get; init; }

    public required string CacheFolder { get; init; }

    public required bool Refresh { get; init; }

    public required bool MeasuresAccuracy { get; init; }

    public required bool Verifies { get; init; }

    /// <summary>Not null where something is measured on it.</summary>
    public required string? Text { get; init; }

    public required int TextTokenCountMax { get; init; }

    /// <summary>Null: the default places.</summary>
    public required string? AccuracyPath { get; init; }

    public required bool ListsAll { get; init; }

    public required string? Plot { get; init; }

    public required bool Json { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or values contradict each other.</exception>
    public static PlanOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var shape = settings.Text(PlanSettings.Shape);
        if (shape is not null && PlanSettings.Model.ArgumentIn(parsed) is { } model)
            throw SettingReader.Wrong("--model", "nothing beside --shape, which is a model of its own", model);
        var (measuresAccuracy, verifies, text) = (settings.IsOn(PlanSettings.MeasureAccuracy), settings.IsOn(PlanSettings.Verify), settings.Text(PlanSettings.Text));
        if ((measuresAccuracy || verifies) && text is null)
            throw new UserErrorException(UserErrorKind.Options, "--text", "a text to measure on", "nothing", "Name one that the model has not been trained on.");
        if ((measuresAccuracy || verifies) && shape is not null)
            throw SettingReader.Wrong("--shape", "a --model, whose accuracy can be measured", shape);
        var groupSize = settings.OneOf(PlanSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        return new PlanOptions
        {
            Model = settings.Text(PlanSettings.Model) ?? EmbeddedModel.Folder,
            Shape = shape,
            ShapeConfig = shape is null ? null : ModelShapes.Parse(shape, settings.PlaceOf(PlanSettings.Shape)),
            MemoryBytesMax = settings.Parse<long>(PlanSettings.DeviceMemory, SizeText.Expected, SizeText.Bytes) ?? long.MaxValue,
            DeviceProfile = settings.Find(PlanSettings.DeviceProfile) ?? (ProfileSource.Measure, "--device-profile"),
            WorkerProfile = settings.Find(PlanSettings.WorkerProfile) ?? ("server", "--worker-profile"),
            Link = LinkText.Parse(settings.Text(PlanSettings.Link) ?? "wifi", settings.PlaceOf(PlanSettings.Link)),
            DeadlineSeconds = settings.Parse<TimeSpan>(PlanSettings.Deadline, "a time above 0 such as 200ms/token", DeadlineText.Parse)?.TotalSeconds ?? double.PositiveInfinity,
            TokenCountMax = settings.Integer(PlanSettings.Tokens, 2, TokensMax),
            PromptTokens = settings.Integer(PlanSettings.PromptTokens, 1, TokensMax),
            Quality = settings.Text(PlanSettings.Quality) is { } quality ? QualityTarget.Parse(quality, settings.PlaceOf(PlanSettings.Quality)) : QualityTarget.Default,
            PerplexityRiseMax = settings.Parse<double>(PlanSettings.MaxRise, "a percentage of at least 0 such as 1%", SizeText.Share),
            FrontWeights = [.. OrDefault(settings.Integers(PlanSettings.FrontBits, WeightFormat.SupportedBits)).Select(bits => WeightFormat.Of(bits, groupSize))],
            FrontKv = [.. OrDefault(settings.Integers(PlanSettings.KvBits, RunOptions.KvBits)).Select(bits => (KvFormat)bits)],
            WorkerWeights = WeightFormat.Of(settings.OneOf(PlanSettings.WorkerBits, WeightFormat.SupportedBits) ?? 16, groupSize),
            WorkerKv = (KvFormat)(settings.OneOf(PlanSettings.WorkerKvBits, RunOptions.KvBits) ?? 16),
            WorkerBatch = settings.Integer(PlanSettings.WorkerBatch, 1, BatchMax) ?? 1,
            WorkerQueueSeconds = settings.Parse<double>(PlanSettings.WorkerQueue, "a time up to an hour such as 5ms", ParseQueue) ?? 0,
            ThreadCount = settings.Integer(PlanSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
            CacheFolder = settings.Text(PlanSettings.ProfileCache) ?? Planning.CacheFolder.Default,
            Refresh = settings.IsOn(PlanSettings.Refresh),
            MeasuresAccuracy = measuresAccuracy,
            Verifies = verifies,
            Text = text,
            TextTokenCountMax = settings.Integer(PlanSettings.TextTokens, 1, TokensMax) ?? 4096,
            AccuracyPath = settings.Text(PlanSettings.Accuracy),
            ListsAll = settings.IsOn(PlanSettings.All),
            Plot = settings.Text(PlanSettings.Plot),
            Json = settings.IsOn(PlanSettings.Json),
        };
    }

    private static double? ParseQueue(string text) => LinkText.Time(text) is <= QueueSecondsMax and var seconds ? seconds : null;

    private static IReadOnlyList<int> OrDefault(IReadOnlyList<int> bits) => bits.Count > 0 ? bits : [16, 8, 4];

    /// <summary>W̄ and the prompt's tokens.</summary>
    /// <exception cref="UserErrorException">The context has no room for them.</exception>
    public (int TokenCountMax, int PromptTokens) TokensFor(int contextLength)
    {
        var tokenCountMax = TokenCountMax ?? Math.Min(TokensDefault, contextLength);
        if (tokenCountMax > contextLength)
            throw SettingReader.Wrong($"--{PlanSettings.Tokens.Name}", $"at most the {contextLength} tokens of the model's context", $"{tokenCountMax}");
        var promptTokens = PromptTokens ?? Math.Max(1, tokenCountMax / 2);
        return promptTokens <= tokenCountMax
            ? (tokenCountMax, promptTokens)
            : throw SettingReader.Wrong($"--{PlanSettings.PromptTokens.Name}", $"at most the {tokenCountMax} tokens of --{PlanSettings.Tokens.Name}", $"{promptTokens}");
    }
}
