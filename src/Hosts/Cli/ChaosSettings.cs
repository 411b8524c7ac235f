namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors chaos</c>.</summary>
internal static class ChaosSettings
{
    public static readonly Setting Kills = Setting.Value("kills", "N", "Times that the worker of a session is killed (SIGKILL), a third of them while the prompt is computed. Default: 20.");
    public static readonly Setting SchedulerKills = Setting.Value("scheduler-kills", "N", "Times that the active scheduler is killed and one that stands by takes over. Default: 2.");
    public static readonly Setting SeedKills = Setting.Value("seed-kills", "N", "Times that a scheduler that stands by, a seed node of the cluster, is killed. Default: 2.");
    public static readonly Setting Partitions = Setting.Value("partitions", "N", "Times that the worker of a session and a scheduler are cut off from all others together. Default: 2.");
    public static readonly Setting Pauses = Setting.Value("pauses", "N", "Times that the worker of a session stands still (SIGSTOP) for 0.5 to 7 s, or, one in four, 12 to 20 s. Default: 2.");
    public static readonly Setting Cuts = Setting.Value("cuts", "N", "Times that the links of a worker, or of a device, or the one between the two, are frozen or closed, as long. Default: 6.");
    public static readonly Setting Drains = Setting.Value("drains", "N", "Times that the worker of a session is asked to leave (SIGTERM). Default: 2.");
    public static readonly Setting Schedulers = Setting.Value("schedulers", "N", "Schedulers, of which one is active, and all are seed nodes, 2 to 16. Default: 3.");
    public static readonly Setting Workers = Setting.Value("workers", "N", "Workers, 2 to 16. Default: 3.");
    public static readonly Setting Devices = Setting.Value("devices", "N", "Devices, each with one session after the other, 1 to 16. Default: 2.");
    public static readonly Setting Contexts = Setting.Value("contexts", "LIST", "Tokens of the prompts. Default: 32,256,500.");
    public static readonly Setting MaxTokens = Setting.Value("max-tokens", "N", "Most tokens to generate, as far as the model's context allows. Default: 64.");
    public static readonly Setting Mode = Setting.Value("mode", "split|cloud", "Where the layers run. Default: split.");
    public static readonly Setting Seed = Setting.Value("seed", "N", "Chooses prompts, what is broken, and when. Default: 1.");
    public static readonly Setting Plot = Setting.Value("plot", "FILE", "Draws how long sessions took to go on to this SVG file.");
    public static readonly Setting Logs = Setting.Value("logs", "DIR", "Writes what every process said to this folder.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> Every =
    [
        Kills, SchedulerKills, SeedKills, Partitions, Pauses, Cuts, Drains, Schedulers, Workers, Devices, Contexts, MaxTokens, Mode, RunSettings.Model, Seed, Plot, Logs, Json,
    ];
}
