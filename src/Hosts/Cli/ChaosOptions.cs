using System.CommandLine;
using SplitActors.Hosts.Chaos;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors chaos</c> is asked to do.</summary>
internal sealed record ChaosOptions(ChaosSetup Setup, string? Plot, string? Logs, bool Json)
{
    private const int CountMax = 100_000;
    private const int NodesMax = 16;
    private const int TokensMax = 1 << 20;

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static ChaosOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var contexts = settings.Integers(ChaosSettings.Contexts, 1, 1 << 16);
        return new ChaosOptions(
            new ChaosSetup
            {
                Seed = settings.Unsigned(ChaosSettings.Seed) ?? 1,
                SchedulerCount = settings.Integer(ChaosSettings.Schedulers, 2, NodesMax) ?? 3,
                WorkerCount = settings.Integer(ChaosSettings.Workers, 2, NodesMax) ?? 3,
                DeviceCount = settings.Integer(ChaosSettings.Devices, 1, NodesMax) ?? 2,
                Contexts = contexts.Count > 0 ? contexts : [32, 256, 500],
                TokensMax = settings.Integer(ChaosSettings.MaxTokens, PromptBook.GeneratedMin, TokensMax) ?? 64,
                Disturbances = new Dictionary<DisturbanceKind, int>
                {
                    [DisturbanceKind.KillWorker] = Count(ChaosSettings.Kills, 20),
                    [DisturbanceKind.DrainWorker] = Count(ChaosSettings.Drains, 2),
                    [DisturbanceKind.PauseWorker] = Count(ChaosSettings.Pauses, 2),
                    [DisturbanceKind.CutLink] = Count(ChaosSettings.Cuts, 6),
                    [DisturbanceKind.KillScheduler] = Count(ChaosSettings.SchedulerKills, 2),
                    [DisturbanceKind.KillSeed] = Count(ChaosSettings.SeedKills, 2),
                    [DisturbanceKind.Partition] = Count(ChaosSettings.Partitions, 2),
                },
                Model = Path.GetFullPath(settings.Text(RunSettings.Model) ?? EmbeddedModel.Folder),
                PlanArguments = ["--mode", ModeOf(settings)],
            },
            settings.Text(ChaosSettings.Plot),
            settings.Text(ChaosSettings.Logs),
            settings.IsOn(ChaosSettings.Json));

        int Count(Setting setting, int otherwise) => settings.Integer(setting, 0, CountMax) ?? otherwise;
    }

    private static string ModeOf(SettingReader settings) => settings.Text(ChaosSettings.Mode) switch
    {
        null => "split",
        ("split" or "cloud") and var mode => mode,
        var other => throw SettingReader.Wrong(settings.PlaceOf(ChaosSettings.Mode), "split or cloud", other),
    };
}
