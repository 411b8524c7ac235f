using System.CommandLine;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors run</c>.</summary>
internal static class RunSettings
{
    public static readonly Argument<string?> Prompt = new("prompt")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Text to continue; '-' or nothing reads it from standard input (UTF-8).",
    };

    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder or OPSC package of the model. Default: the embedded model, Quill.");
    public static readonly Setting Mode = Setting.Value("mode", "split|cloud|device|handoff", "Where the layers run; handoff: all on the device at first, then as with split. Default: split; with --split 0 cloud, with --split L device.");
    public static readonly Setting Split = Setting.Value("split", "ℓ|auto", "Layers on the device, of the model's L; auto lets the scheduler plan, before the session and when link, load or memory change. Default, and auto of a package: its split, else half of them.");
    public static readonly Setting MaxTokens = Setting.Value("max-tokens", "N", "Most tokens to generate. Default: 128.");
    public static readonly Setting Temperature = Setting.Value("temperature", "T", "0 takes the most likely token. Default: the model's generation_config.json, else 0.");
    public static readonly Setting TopK = Setting.Value("top-k", "K", "Draw from the K most likely tokens; 0 for all. Default: the model's, else 0.");
    public static readonly Setting TopP = Setting.Value("top-p", "P", "Draw from the most likely tokens that hold probability P. Default: the model's, else 1.");
    public static readonly Setting MinP = Setting.Value("min-p", "P", "Draw from tokens with at least P times the largest probability. Default: the model's, else 0.");
    public static readonly Setting RepetitionPenalty = Setting.Value("repetition-penalty", "X", "Makes generated tokens less likely to come again. Default: the model's, else 1.");
    public static readonly Setting Seed = Setting.Value("seed", "N", "The same seed gives the same text, also after a lost worker, and with --compression none in every mode. Default: 0.");
    public static readonly Setting Compression = Setting.Value("compression", "rd|tabq|none", "What happens to the hidden state before it is sent: rate–distortion, TAB-Q of the paper, or nothing. Default: rd; tabq if one of its settings is given.");
    public static readonly Setting Quality = Setting.Value("quality", "0.1%|0.5%|1%|3%", "Rise of perplexity to expect, by the model's calibration. Default: 0.5%.");
    public static readonly Setting KarhunenLoeve = Setting.Flag("klt", "Rotates hidden states to the eigenvectors of their covariance, which a calibration with --klt has.");
    public static readonly Setting Prediction = Setting.Flag("prediction", "Sends only what the token itself does not predict, of generated tokens; by a calibration with --prediction.");
    public static readonly Setting SharePromptTokens = Setting.Flag("share-prompt-tokens", "Tells the worker the token ids of the prompt, so that the prompt is predicted too.");
    public static readonly Setting Threshold = Setting.Value("threshold", "τ", "For tabq: values of at least this magnitude are sent losslessly: a number, a multiple of the token's RMS such as 3rms, or a quantile such as q0.999. Default: 6.5rms.");
    public static readonly Setting Tolerance = Setting.Value("tolerance", "Δ", "For tabq: distortion, in levels, up to which a token may get fewer bits. Default: 0.11.");
    public static readonly Setting BitsMax = Setting.Value("bits-max", "Q̄", "For tabq: bits per value, sign included, that a token starts with, 2 to 8. Default: 5.");
    public static readonly Setting BitsMin = Setting.Value("bits-min", "Q", "For tabq: fewest bits per value, 2 to bits-max. Default: 4, or bits-max if that is less.");
    public static readonly Setting KvBits = Setting.Value("kv-bits", "32|16|8|4", "Bits per value of the keys and values that device and worker keep; several, such as 16,8, for --split auto to choose the device's from, the first being the worker's. Default: 16.", takesList: true);
    public static readonly Setting FrontBits = Setting.Value("front-bits", "2|3|4|8|16", "Quantizes the device's weights when they are loaded; several, such as 16,8,4, for --split auto to choose from. Default: as they are in the checkpoint, and with auto also 8 and 4 where their accuracy was measured.", takesList: true);
    public static readonly Setting BackBits = Setting.Value("back-bits", "2|3|4|8|16", "The same for the worker's weights.");
    public static readonly Setting GroupSize = Setting.Value("group-size", "32|64|128", "Weights of a row that share one scale when they are quantized. Default: 32.");
    public static readonly Setting Threads = Setting.Value("threads", "N", "Threads that compute, 1 to the number of processors, which is the default.");
    public static readonly Setting Workers = Setting.Value("workers", "N", "Workers to start; a session uses one, the others stand by. Default and least: 1, or 2 with --stop-worker-at.");
    public static readonly Setting StopWorkerAt = Setting.Value("stop-worker-at", "N", "Stops the session's worker after N tokens, to see another one take over.");

    public static readonly Setting ResplitAt = Setting.Value("resplit-at", "N:ℓ", "Moves the session after N tokens to a split after ℓ layers, to see it go on there; several with commas between them.", takesList: true);
    public static readonly Setting RelinkAt = Setting.Value("relink-at", "N:LINK", "Emulates another link from then on when N tokens are generated, to see the scheduler plan anew.");
    public static readonly Setting DeviceMemory = Setting.Value("device-memory", "SIZE", "With --split auto: memory that the device's process may take, such as 60MB. Default: no limit.");
    public static readonly Setting DeviceMemoryAt = Setting.Value("device-memory-at", "N:SIZE", "With --split auto: another limit when N tokens are generated, to see the scheduler plan anew.");
    public static readonly Setting MaxRise = Setting.Value("max-rise", "P%", "With --split auto: largest rise of perplexity. Default: 1% where accuracy was measured (splitactors plan --measure-accuracy).");
    public static readonly Setting ProfileCache = Setting.Value("profile-cache", "DIR", "Where measurements of this machine are kept, for --split auto and --deadline. Default: splitactors in the user's cache folder.");
    public static readonly Setting CutLinkAt = Setting.Value("cut-link-at", "N:M", "Cuts the link between device and worker after N tokens and mends it after M, to see the device go on alone; N alone: for good.");
    public static readonly Setting HandoffTokens = Setting.Value("handoff-tokens", "N", "In handoff mode: tokens that the device generates before it hands over. Default: 32; as many as the deadline allows, if there is one.");
    public static readonly Setting HandoffDeadline = Setting.Value("handoff-deadline", "S", "In handoff mode: seconds from the start within which what is handed over must have crossed the link (--link). Default: none.");
    public static readonly Setting HandoffKv = Setting.Value("handoff-kv", "auto|exact|tabq|none", "In handoff mode: whether keys and values travel as they are, in 4 bits, or are computed again. Default: auto, the most that keeps the deadline.");
    public static readonly Setting Fallback = Setting.Value("fallback", "device|none", "What a session does when neither worker nor scheduler answers: the device loads all layers and goes on alone, or it fails. Default: none; device with --cut-link-at.");
    public static readonly Setting FallbackAfter = Setting.Value("fallback-after", "S", "Seconds that a device that can go on alone waits for the worker, and then for the scheduler. Default: 2.");

    public static readonly Setting Link = Setting.Value("link", "LINK", "Emulates this link between device and worker: rayleigh:bw=10MHz,snr=10[,eps=0.001][,rtt=4ms][,seed=1], or bandwidth=5Mbit,rtt=20ms[,down=8Mbit][,loss=1%][,seed=1], or measured:FILE, or wifi, lte or lan. Default: none.");

    public static readonly Setting Deadline = Setting.Value("deadline", "TIME/token", "Longest time for each token after the first, such as 50ms/token: kept, or a longer one told before, or refused. Default: none.");

    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object per line: plan, token, worker_replaced, moved, ledger.");
    public static readonly Setting Quiet = Setting.Flag("quiet", "Prints nothing but the text, and errors.");

    /// <summary>Not among <see cref="All"/>: a configuration file does not name another.</summary>
    public static readonly Setting Config = ConfigFile.SettingOf("run");

    public static readonly IReadOnlyList<Setting> All =
    [
        Model, Mode, Split, MaxTokens, Temperature, TopK, TopP, MinP, RepetitionPenalty, Seed,
        Compression, Quality, KarhunenLoeve, Prediction, SharePromptTokens, Threshold, Tolerance, BitsMax, BitsMin, KvBits, FrontBits, BackBits, GroupSize, Threads, Workers, StopWorkerAt,
        ResplitAt, RelinkAt, DeviceMemory, DeviceMemoryAt, MaxRise, ProfileCache, CutLinkAt, Fallback, FallbackAfter, HandoffTokens, HandoffDeadline, HandoffKv, Link, Deadline, Json, Quiet,
    ];
}
