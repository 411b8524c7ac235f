namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors bench</c>.</summary>
internal static class BenchSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder or OPSC package to measure. Default: the embedded model, Quill, unless there is a --shape.");
    public static readonly Setting Shape = Setting.Value("shape", "NAME", "Measures a model of this shape with made-up weights: quill, qwen2.5-0.5b, llama-1b, llama-3b, llama-7b, llama-8b.");
    public static readonly Setting Store = Setting.Value("store", "DIR", "With --shape: writes the made-up weights to this OPSC package, unless it is there, and measures it mapped from disk. Default: they are made in memory.");
    public static readonly Setting Part = Setting.Value("part", "whole|front|back", "Loads and measures only the layers on this side of the split. Default: whole.");
    public static readonly Setting Split = Setting.Value("split", "ℓ", "Layers in the front, for --part and --store. Default: the package's, else half of them.");
    public static readonly Setting Layers = Setting.Value("layers", "A-B", "Loads and measures only these layers, counted from 1, instead of a part.");
    public static readonly Setting Bits = Setting.Value("bits", "2|3|4|8|16", "Bits per weight. Default: as in the folder; 4 with --shape.");
    public static readonly Setting GroupSize = Setting.Value("group-size", "32|64|128", "Weights of a row that share one fp16 scale. Default: 32.");
    public static readonly Setting KvBits = Setting.Value("kv-bits", "32|16|8|4", "Bits per value of keys and values. Default: 16.");
    public static readonly Setting Threads = Setting.Value("threads", "N", "Threads that compute, 1 to the number of processors, which is the default.");
    public static readonly Setting Prompt = Setting.Value("prompt", "N", "Tokens of the prompt. Default: 512, or what the model's context has room for.");
    public static readonly Setting Decode = Setting.Value("decode", "N", "Tokens decoded after it. Default: 64.");
    public static readonly Setting Batch = Setting.Value("batch", "N", "Sequences that are decoded together, each after a prompt of its own. Default: 1.");
    public static readonly Setting Rounds = Setting.Value("rounds", "N", "Measured rounds, after one that warms up. Default: 5.");
    public static readonly Setting Step = Setting.Flag("step", "Runs a round for each line on standard input, the first one too, and prints its figures as one line of JSON.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> All =
        [Model, Shape, Store, Part, Split, Layers, Bits, GroupSize, KvBits, Threads, Prompt, Decode, Batch, Rounds, Step, Json];
}
