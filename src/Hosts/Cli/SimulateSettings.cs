using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors simulate</c>.</summary>
internal static class SimulateSettings
{
    public static readonly Setting Devices = Setting.Value("devices", "N", "Devices, each with one session after the other. Default: 100.");
    public static readonly Setting Workers = Setting.Value("workers", "N", "Workers. Default: 4.");
    public static readonly Setting Minutes = Setting.Value("minutes", "T", "Virtual minutes in which sessions start. Default: 2.");
    public static readonly Setting Seed = Setting.Value("seed", "N", "The same seed and settings give the same run. Default: 1.");
    public static readonly Setting Faults = Setting.Value("faults", "none|default", "Whether messages are lost and nodes crash, are cut off, slow down, and sessions are sent elsewhere. Default: default.");
    public static readonly Setting Link = Setting.Value("link", "LINK", $"Of each device: {LinkText.Expected}. Default: lte.");
    public static readonly Setting Mode = Setting.Value("mode", "split|cloud|device|handoff", "How sessions start. Default: split.");
    public static readonly Setting Split = Setting.Value("split", "LAYERS", "Layers on the device, for split and handoff. Default: half of them.");
    public static readonly Setting Shape = Setting.Value("shape", "NAME", $"Sizes of the model: {string.Join(", ", ModelShapes.Names)}. Default: llama-1b.");
    public static readonly Setting DeviceProfile = Setting.Value("device-profile", "NAME", $"How fast devices are, by data sheet: {string.Join(", ", HardwareCatalog.Names)}. Default: pi5.");
    public static readonly Setting WorkerProfile = Setting.Value("worker-profile", "NAME", "The same of workers. Default: server.");
    public static readonly Setting PromptTokens = Setting.Value("prompt-tokens", "N", "Most tokens of a prompt. Default: 32.");
    public static readonly Setting MaxTokens = Setting.Value("max-tokens", "N", "Most tokens that a session generates; it generates at least half. Default: 64.");
    public static readonly Setting HandoffTokens = Setting.Value("handoff-tokens", "N", "For handoff: tokens that the device generates alone. Default: 32.");
    public static readonly Setting Deadline = Setting.Value("deadline", "TIME", "Most time of a token after the first, asked for by half of the sessions, such as 200ms/token. Default: none.");
    public static readonly Setting Worlds = Setting.Value("worlds", "N", "Instead of one cluster, small ones of so many seeds from --seed on, each with faults and limits of its own.");
    public static readonly Setting Offload = Setting.Value("offload", "LIST", "Instead: what servers have to do against the number of devices, cloud-only and where devices hold up to so many tokens, such as 250,350.");
    public static readonly Setting Plot = Setting.Value("plot", "FILE", "With --offload: draws it to this SVG file.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> Every =
    [
        Devices, Workers, Minutes, Seed, Faults, Link, Mode, Split, Shape, DeviceProfile, WorkerProfile, PromptTokens, MaxTokens, HandoffTokens, Deadline, Worlds, Offload, Plot, Json,
    ];
}
