using SplitActors.Inference.Planning.Compute;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors plan</c>.</summary>
internal static class PlanSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder of the model; no weights are read. Default: the embedded model, Quill, unless there is a --shape.");
    public static readonly Setting Shape = Setting.Value("shape", "NAME", "Plans for a model of this shape: quill, qwen2.5-0.5b, llama-1b, llama-3b, llama-7b, llama-8b.");
    public static readonly Setting DeviceMemory = Setting.Value("device-memory", "SIZE", "Most memory of the device's process, such as 512MB or 2GiB. Default: no limit.");

    public static readonly Setting DeviceProfile = Setting.Value(
        "device-profile", "NAME|measure|FILE", $"How fast the device is: {string.Join(", ", HardwareCatalog.Names)} by data sheet, measure for this machine, or a JSON file. Default: measure.");

    public static readonly Setting WorkerProfile = Setting.Value("worker-profile", "NAME|measure|FILE", "The same of the worker. Default: server.");
    public static readonly Setting Link = Setting.Value("link", "LINK", $"{LinkText.Expected}. Default: wifi.");
    public static readonly Setting Deadline = Setting.Value("deadline", "TIME", "Most time of a decoded token in the link's worst case, such as 200ms/token. Default: no limit.");
    public static readonly Setting Tokens = Setting.Value("tokens", "N", "Most tokens of a sequence that the device must have room for, prompt included. Default: 350, or the model's context.");
    public static readonly Setting PromptTokens = Setting.Value("prompt-tokens", "N", "Tokens of the prompt. Default: half of --tokens.");
    public static readonly Setting Quality = Setting.Value("quality", "0.1%|0.5%|1%|3%", "Rise of perplexity that compression of hidden states may cost. Default: 0.5%.");
    public static readonly Setting MaxRise = Setting.Value("max-rise", "P%", "Most rise of perplexity in all. Default: 1% where it was measured; else none.");
    public static readonly Setting FrontBits = Setting.Value("front-bits", "LIST", "Bits per weight on the device to choose from: 16, 8, 4, 3, 2. Default: 16,8,4.");
    public static readonly Setting KvBits = Setting.Value("kv-bits", "LIST", "Bits of the device's keys and values to choose from: 32, 16, 8, 4. Default: 16,8,4.");
    public static readonly Setting GroupSize = Setting.Value("group-size", "32|64|128", "Weights of a row that share one scale when they are quantized. Default: 32.");
    public static readonly Setting WorkerBits = Setting.Value("worker-bits", "2|3|4|8|16", "Bits per weight on the worker. Default: 16.");
    public static readonly Setting WorkerKvBits = Setting.Value("worker-kv-bits", "32|16|8|4", "Bits of the worker's keys and values. Default: 16.");
    public static readonly Setting WorkerBatch = Setting.Value("worker-batch", "N", "Sequences that the worker decodes together, with this one. Default: 1.");
    public static readonly Setting WorkerQueue = Setting.Value("worker-queue", "TIME", "What a token waits at the worker. Default: 0ms.");
    public static readonly Setting Threads = Setting.Value("threads", "N", "Threads that are measured, 1 to the number of processors, which is the default.");
    public static readonly Setting ProfileCache = Setting.Value("profile-cache", "DIR", "Folder of measured profiles and accuracies. Default: splitactors in $XDG_CACHE_HOME, or in ~/.cache.");
    public static readonly Setting Refresh = Setting.Flag("refresh", "Measures profiles again, though there are measured ones.");
    public static readonly Setting MeasureAccuracy = Setting.Flag("measure-accuracy", "Measures on --text what each number of bits costs, and keeps it.");
    public static readonly Setting Verify = Setting.Flag("verify", "Measures the chosen plan as a whole on --text, and chooses again if it costs more than --max-rise.");
    public static readonly Setting Text = Setting.Value("text", "FILE", "UTF-8 text like what the model will be used for.");
    public static readonly Setting TextTokens = Setting.Value("text-tokens", "N", "Most tokens of the text that are used. Default: 4096.");
    public static readonly Setting Accuracy = Setting.Value("accuracy", "FILE", "File of measured accuracies. Default: accuracy.json in the model's folder, or else in the folder of profiles.");
    public static readonly Setting All = Setting.Flag("all", "Lists every candidate, not only the best of each split.");
    public static readonly Setting Plot = Setting.Value("plot", "FILE", "Draws time and memory against the split to this SVG file.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> Every =
    [
        Model, Shape, DeviceMemory, DeviceProfile, WorkerProfile, Link, Deadline, Tokens, PromptTokens, Quality, MaxRise, FrontBits, KvBits, GroupSize,
        WorkerBits, WorkerKvBits, WorkerBatch, WorkerQueue, Threads, ProfileCache, Refresh, MeasureAccuracy, Verify, Text,
        TextTokens, Accuracy, All, Plot, Json,
    ];
}
