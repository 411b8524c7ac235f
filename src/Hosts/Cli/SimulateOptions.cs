using System.CommandLine;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors simulate</c> is asked to do.</summary>
internal sealed record SimulateOptions
{
    private const int DevicesMax = 100_000;
    private const int WorkersMax = 1000;
    private const int WorldsMax = 10_000_000;
    private const double MinutesMin = 0.001;
    private const double MinutesMax = 24 * 60;

    public required ClusterOptions Cluster { get; init; }

    public required LinkText Link { get; init; }

    /// <summary>Null: one cluster.</summary>
    public required int? WorldCount { get; init; }

    /// <summary>W̄ of each curve; empty: no sweep.</summary>
    public required IReadOnlyList<int> Offload { get; init; }

    public required string? Plot { get; init; }

    public required bool Json { get; init; }

    /// <summary>What runs the same again, but for its seed.</summary>
    public required string CommandWithoutSeed { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or values contradict each other.</exception>
    public static SimulateOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var config = ModelShapes.Parse(settings.Text(SimulateSettings.Shape) ?? "llama-1b", settings.PlaceOf(SimulateSettings.Shape));
        var (prompt, generated) = (settings.Integer(SimulateSettings.PromptTokens, 1, config.ContextLength - 1) ?? 32, settings.Integer(SimulateSettings.MaxTokens, 1, config.ContextLength) ?? 64);
        if (prompt + generated > config.ContextLength)
            throw SettingReader.Wrong("--max-tokens", $"at most the {config.ContextLength - prompt} tokens that the prompt leaves of the model's context", $"{generated}");
        var link = LinkText.Parse(settings.Text(SimulateSettings.Link) ?? "lte", settings.PlaceOf(SimulateSettings.Link));
        var offload = settings.Integers(SimulateSettings.Offload, prompt + 1, config.ContextLength);
        var plot = settings.Text(SimulateSettings.Plot);
        if (plot is not null && offload.Count == 0)
            throw SettingReader.Wrong("--plot", "an --offload beside it, which it draws", plot);
        if (offload.Count > 0 && settings.Find(SimulateSettings.Worlds) is var (worlds, place))
            throw SettingReader.Wrong(place, "nothing beside --offload", worlds);
        var minutes = settings.Number(
            SimulateSettings.Minutes, FormattableString.Invariant($"a number from {MinutesMin} to {MinutesMax}"), value => value is >= MinutesMin and <= MinutesMax) ?? 2;
        return new SimulateOptions
        {
            Cluster = new ClusterOptions
            {
                Seed = settings.Unsigned(SimulateSettings.Seed) ?? 1,
                DeviceCount = settings.Integer(SimulateSettings.Devices, 1, DevicesMax) ?? 100,
                WorkerCount = settings.Integer(SimulateSettings.Workers, 1, WorkersMax) ?? 4,
                Duration = TimeSpan.FromMinutes(minutes),
                PromptTokensMax = prompt,
                GeneratedTokensMin = (generated + 1) / 2,
                GeneratedTokensMax = generated,
                HandoffTokens = settings.Integer(SimulateSettings.HandoffTokens, 1, config.ContextLength) ?? 32,
                Plan = PlanOf(settings, config.LayerCount),
                MovePlans = ClusterOptions.PlansOf(config.LayerCount),
                Faults = FaultsOf(settings),
                Link = link.Profile,
                Costs = ClusterCosts.Of(config, Machine(settings, SimulateSettings.DeviceProfile, "pi5"), Machine(settings, SimulateSettings.WorkerProfile, "server")),
                Deadline = settings.Parse<TimeSpan>(SimulateSettings.Deadline, "a time above 0 such as 200ms/token", DeadlineText.Parse),
                AllowsFailure = true,
            },
            Link = link,
            WorldCount = settings.Integer(SimulateSettings.Worlds, 1, WorldsMax),
            Offload = offload,
            Plot = plot,
            Json = settings.IsOn(SimulateSettings.Json),
            CommandWithoutSeed = CommandOf(settings),
        };
    }

    private static FixedPlan PlanOf(SettingReader settings, int layerCount)
    {
        var mode = settings.Parse<ExecutionMode>(SimulateSettings.Mode, "split, cloud, device or handoff", text => text switch
        {
            "split" => ExecutionMode.Split,
            "cloud" => ExecutionMode.Cloud,
            "device" => ExecutionMode.Device,
            "handoff" => ExecutionMode.Handoff,
            _ => null,
        }) ?? ExecutionMode.Split;
        var splitLayer = mode switch
        {
            ExecutionMode.Cloud => 0,
            ExecutionMode.Device => layerCount,
            _ => settings.Integer(SimulateSettings.Split, mode == ExecutionMode.Split ? 1 : 0, layerCount - 1) ?? layerCount / 2,
        };
        return new FixedPlan(mode, splitLayer, CompressionOptions.Lossless);
    }

    private static ClusterFaults FaultsOf(SettingReader settings) => settings.Text(SimulateSettings.Faults) switch
    {
        null or "default" => ClusterFaults.Default,
        "none" => ClusterFaults.None,
        var other => throw SettingReader.Wrong(settings.PlaceOf(SimulateSettings.Faults), "none or default", other),
    };

    private static HardwareFigures Machine(SettingReader settings, Setting setting, string otherwise)
    {
        var name = settings.Text(setting) ?? otherwise;
        return HardwareCatalog.Find(name) ?? throw SettingReader.Wrong(settings.PlaceOf(setting), $"one of {string.Join(", ", HardwareCatalog.Names)}", name);
    }

    private static string CommandOf(SettingReader settings)
    {
        var given = SimulateSettings.Every
            .Except([SimulateSettings.Seed, SimulateSettings.Worlds, SimulateSettings.Offload, SimulateSettings.Plot, SimulateSettings.Json])
            .Select(setting => settings.Find(setting) is var (text, _) ? $" --{setting.Name} {text}" : "");
        return $"splitactors simulate{string.Concat(given)}";
    }
}
