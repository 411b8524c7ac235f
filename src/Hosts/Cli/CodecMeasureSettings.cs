namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors codec measure</c>.</summary>
internal static class CodecMeasureSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder or OPSC package to measure with. Default: the embedded model, Quill.");
    public static readonly Setting Text = Setting.Value("text", "FILE", "Text (UTF-8) that the model has not been trained on. Required without --synthetic.");
    public static readonly Setting Tokens = Setting.Value("tokens", "N", "Takes only the first N tokens of the text. Default: all of them. With --synthetic: tokens to make up. Default: 1024.");
    public static readonly Setting Split = Setting.Value("split", "all|ℓ,…", "Splits to measure, such as 1,4 or 1-3. Default: all.");
    public static readonly Setting Codec = Setting.Value("codec", "NAME,…", "Codecs: fp16, q80, int8-block64, int8-token, int4-g32, int4-token, tabq, or one setting of it as tabq:τ:bits:Δ; rd, rd+klt, rd+klt+prediction, with a quality as rd:0.5% if the model is calibrated, or a step as rd:0.3. Default: all.");
    public static readonly Setting Threshold = Setting.Value("threshold", "τ,…", "For tabq: magnitudes (5), multiples of the token's RMS (3rms), quantiles (q0.999), or none. Default: 3rms,4rms,6.5rms; with --synthetic none,5,3rms,6.5rms.");
    public static readonly Setting Bits = Setting.Value("bits", "N|A-B,…", "For tabq: bits per value with the sign, or fewest and most of them (Q̄). Default: 4,5,4-5; with --synthetic 3,4,5,8.");
    public static readonly Setting Tolerance = Setting.Value("tolerance", "Δ,…", "For tabq: distortion, in levels, up to which a token gets fewer bits. Default: 0.05,0.11,0.2.");
    public static readonly Setting Threads = Setting.Value("threads", "N", "Threads that compute the layers, 1 to the number of processors, which is the default.");
    public static readonly Setting Plot = Setting.Value("plot", "FILE.svg", "Draws the rise of perplexity over bytes per token, mean over the splits.");
    public static readonly Setting SaveFrames = Setting.Value("save-frames", "DIR", "Writes a frame of one token and one of many from each split and codec with frames, for codec inspect.");
    public static readonly Setting Synthetic = Setting.Value("synthetic", "heavy-tailed", "Measures on made-up states with the outliers of large models instead of a model and a text.");
    public static readonly Setting Width = Setting.Value("width", "N", "With --synthetic: values per token. Default: 4096.");
    public static readonly Setting Seed = Setting.Value("seed", "N", "With --synthetic: the same seed makes the same states. Default: 0.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    /// <summary>Those that only a model has.</summary>
    public static readonly IReadOnlyList<Setting> OfModels = [Model, Text, Split, Threads, Plot, SaveFrames];

    /// <summary>Those that only made-up states have.</summary>
    public static readonly IReadOnlyList<Setting> OfStates = [Width, Seed];

    public static readonly IReadOnlyList<Setting> All =
        [Model, Text, Tokens, Split, Codec, Threshold, Bits, Tolerance, Threads, Plot, SaveFrames, Synthetic, Width, Seed, Json];
}
