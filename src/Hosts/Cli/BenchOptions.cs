using System.CommandLine;
using System.Globalization;
using SplitActors.Hosts.Benchmarking;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

internal enum BenchPart
{
    Whole,
    Front,
    Back,
}

/// <summary>What <c>splitactors bench</c> is asked to do. What only the model can settle is still open.</summary>
internal sealed record BenchOptions
{
    private const int TokensMax = 1 << 20;
    private const int BatchMax = 256;
    private const int RoundsMax = 10_000;
    private const int PromptDefault = 512;

    /// <summary>A folder; unless there is a <see cref="Shape"/>.</summary>
    public required string Model { get; init; }

    /// <summary>Null: there is a model.</summary>
    public required string? Shape { get; init; }

    /// <summary>Sizes of the <see cref="Shape"/>.</summary>
    public required ModelConfig? ShapeConfig { get; init; }

    /// <summary>Where the shape's package is or will be; null: in memory.</summary>
    public required string? Store { get; init; }

    public required BenchPart Part { get; init; }

    /// <summary>Null: auto.</summary>
    public required int? SplitLayer { get; init; }

    /// <summary>Where the split layer was given, for messages.</summary>
    public required string SplitPlace { get; init; }

    /// <summary>Null: those of the part.</summary>
    public required LayerRange? Layers { get; init; }

    /// <summary>Where they were given.</summary>
    public required string LayersPlace { get; init; }

    /// <summary>Null: as stored.</summary>
    public required WeightFormat? Format { get; init; }

    public required KvFormat KvFormat { get; init; }

    public required int ThreadCount { get; init; }

    /// <summary>Null: what the context has room for.</summary>
    public required int? PromptTokens { get; init; }

    public required int DecodeTokens { get; init; }

    public required int BatchSize { get; init; }

    public required int RoundCount { get; init; }

    public required bool IsStepped { get; init; }

    public required bool Json { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or values contradict each other.</exception>
    public static BenchOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        RefuseContradictions(settings);
        var shape = settings.Text(BenchSettings.Shape);
        var groupSize = settings.OneOf(BenchSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        var bits = settings.OneOf(BenchSettings.Bits, WeightFormat.SupportedBits) ?? (shape is null ? null : 4);
        return new BenchOptions
        {
            Model = settings.Text(BenchSettings.Model) ?? EmbeddedModel.Folder,
            Shape = shape,
            ShapeConfig = shape is null ? null : ModelShapes.Parse(shape, settings.Find(BenchSettings.Shape)!.Value.Place),
            Store = settings.Text(BenchSettings.Store),
            Part = settings.Parse<BenchPart>(BenchSettings.Part, "whole, front or back", ParsePart) ?? BenchPart.Whole,
            SplitLayer = settings.Integer(BenchSettings.Split, 0, int.MaxValue),
            SplitPlace = settings.PlaceOf(BenchSettings.Split),
            Layers = settings.Parse<LayerRange>(BenchSettings.Layers, "the first and the last layer, such as 1-8", ParseLayers),
            LayersPlace = settings.PlaceOf(BenchSettings.Layers),
            Format = bits is { } count ? WeightFormat.Of(count, groupSize) : null,
            KvFormat = (KvFormat)(settings.OneOf(BenchSettings.KvBits, RunOptions.KvBits) ?? 16),
            ThreadCount = settings.Integer(BenchSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
            PromptTokens = settings.Integer(BenchSettings.Prompt, 1, TokensMax),
            DecodeTokens = settings.Integer(BenchSettings.Decode, 1, TokensMax) ?? 64,
            BatchSize = settings.Integer(BenchSettings.Batch, 1, BatchMax) ?? 1,
            RoundCount = settings.Integer(BenchSettings.Rounds, 1, RoundsMax) ?? 5,
            IsStepped = settings.IsOn(BenchSettings.Step),
            Json = settings.IsOn(BenchSettings.Json),
        };
    }

    /// <summary>Layers in the front of a model.</summary>
    /// <param name="layerCount">Of the model.</param>
    /// <param name="packageSplit">What it was packaged for, if it was.</param>
    /// <exception cref="UserErrorException">The model has fewer layers.</exception>
    public int SplitOf(int layerCount, int? packageSplit = null) => SplitLayer > layerCount
        ? throw SettingReader.Wrong(SplitPlace, $"0 to {layerCount} layers", $"{SplitLayer}")
        : SplitLayer ?? packageSplit ?? Math.Max(1, layerCount / 2);

    /// <summary>The layers to measure.</summary>
    /// <exception cref="UserErrorException">The model has no such layers.</exception>
    public LayerRange LayersOf(int layerCount, int? packageSplit)
    {
        if (Layers is { } layers)
        {
            return layers.End <= layerCount
                ? layers
                : throw SettingReader.Wrong(LayersPlace, $"layers from 1 to {layerCount}", $"{layers.First + 1}-{layers.End}");
        }

        var split = SplitOf(layerCount, packageSplit);
        var part = Part switch
        {
            BenchPart.Front => LayerRange.Front(split),
            BenchPart.Back => LayerRange.Back(split, layerCount),
            _ => new LayerRange(0, layerCount),
        };
        return part.Count > 0
            ? part
            : throw SettingReader.Wrong(SplitPlace, $"a layer on the {Part.ToString().ToLowerInvariant()} side of {layerCount} layers", $"{split}");
    }

    /// <exception cref="UserErrorException">The context has no room for it.</exception>
    public BenchWorkload WorkloadFor(int contextLength)
    {
        var prompt = PromptTokens ?? Math.Min(PromptDefault, contextLength - DecodeTokens);
        return prompt >= 1 && prompt + DecodeTokens <= contextLength
            ? new BenchWorkload(prompt, DecodeTokens, BatchSize, KvFormat)
            : throw SettingReader.Wrong(
                PromptTokens is null ? "--decode" : "--prompt plus --decode", $"at most the {contextLength} tokens of the model's context", $"{(PromptTokens ?? 1) + DecodeTokens}");
    }

    private static void RefuseContradictions(SettingReader settings)
    {
        Refuse(BenchSettings.Model, settings.Find(BenchSettings.Shape) is not null, "nothing beside --shape, which is a model of its own");
        Refuse(BenchSettings.Store, settings.Find(BenchSettings.Shape) is null, "nothing without --shape: a model is stored already");
        Refuse(BenchSettings.Layers, settings.Find(BenchSettings.Part) is not null, "nothing beside --part, which names layers too");
        Refuse(
            BenchSettings.Split, settings.Find(BenchSettings.Part) is null && settings.Find(BenchSettings.Store) is null, "nothing without --part or --store, which it divides");

        void Refuse(Setting setting, bool isContradiction, string expected)
        {
            if (isContradiction && settings.Find(setting) is var (text, place))
                throw SettingReader.Wrong(place, expected, text);
        }
    }

    private static BenchPart? ParsePart(string text) => text switch
    {
        "whole" => BenchPart.Whole,
        "front" => BenchPart.Front,
        "back" => BenchPart.Back,
        _ => null,
    };

    /// <summary>Counted from 1, both included.</summary>
    private static LayerRange? ParseLayers(string text) =>
        text.Split('-') is [var first, var last] && Number(first) is { } from && Number(last) is { } to && from >= 1 && from <= to
            ? new LayerRange(from - 1, to)
            : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
