using System.CommandLine;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings and flags of <c>splitactors run</c>.</summary>
internal static class RunSettings
{
    public static readonly Argument<string?> Prompt = new("prompt")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Text to continue; '-' or nothing reads it from standard input (UTF-8).",
    };

    public static readonly Setting Model = new("model", "DIR", "Hugging Face folder of the model. Default: the embedded model, Quill.");
    public static readonly Setting Mode = new("mode", "split|cloud|device", "Where the layers run. Default: split; with --split 0 cloud, with --split L device.");
    public static readonly Setting Split = new("split", "ℓ|auto", "Layers on the device, of the model's L. Default: auto, which is half of them.");
    public static readonly Setting MaxTokens = new("max-tokens", "N", "Most tokens to generate. Default: 128.");
    public static readonly Setting Temperature = new("temperature", "T", "0 takes the most likely token. Default: the model's generation_config.json, else 0.");
    public static readonly Setting TopK = new("top-k", "K", "Draw from the K most likely tokens; 0 for all. Default: the model's, else 0.");
    public static readonly Setting TopP = new("top-p", "P", "Draw from the most likely tokens that hold probability P. Default: the model's, else 1.");
    public static readonly Setting MinP = new("min-p", "P", "Draw from tokens with at least P times the largest probability. Default: the model's, else 0.");
    public static readonly Setting RepetitionPenalty = new("repetition-penalty", "X", "Makes generated tokens less likely to come again. Default: the model's, else 1.");
    public static readonly Setting Seed = new("seed", "N", "The same seed gives the same text, in every mode and after a lost worker. Default: 0.");
    public static readonly Setting Compression = new("compression", "none|tabq", "What happens to the hidden state before it is sent. Default: tabq.");
    public static readonly Setting Threshold = new("threshold", "τ", "Values of at least this magnitude are sent losslessly: a number, or a multiple of the token's RMS such as 3rms. Default: 6.5rms.");
    public static readonly Setting Tolerance = new("tolerance", "Δ", "Distortion, in levels, up to which a token may get fewer bits. Default: 0.12.");
    public static readonly Setting BitsMax = new("bits-max", "Q̄", "Bits per value, sign included, that a token starts with, 2 to 8. Default: 5.");
    public static readonly Setting BitsMin = new("bits-min", "Q", "Fewest bits per value, 2 to bits-max. Default: 4, or bits-max if that is less.");
    public static readonly Setting Workers = new("workers", "N", "Workers to start; a session uses one, the others stand by. Default: 1, or 2 with --stop-worker-at.");
    public static readonly Setting StopWorkerAt = new("stop-worker-at", "N", "Stops the session's worker after N tokens, to see another one take over.");

    public static readonly Option<string?> Config = new("--config")
    {
        HelpName = "FILE",
        Description = "JSON file with any of the values above. Default: config/run.json, if there is one here or beside the program.",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Prints one JSON object per line: plan, token, worker_replaced, ledger." };
    public static readonly Option<bool> Quiet = new("--quiet") { Description = "Prints nothing but the text, and errors." };

    public static readonly IReadOnlyList<Setting> All =
    [
        Model, Mode, Split, MaxTokens, Temperature, TopK, TopP, MinP, RepetitionPenalty, Seed,
        Compression, Threshold, Tolerance, BitsMax, BitsMin, Workers, StopWorkerAt,
    ];
}
