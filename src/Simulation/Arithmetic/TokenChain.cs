using SplitActors.Inference.Sampling;

namespace SplitActors.Simulation.Arithmetic;

/// <summary>
/// A stand-in for a model, as deterministic as one and a thousand times as fast. What the front layers make of a token depends on it, on its position and on all
/// tokens before it; what the back layers make of that depends on all that they got before; and the next token on that, the seed, its position and all
/// tokens generated so far. So a token that is lost, repeated, out of order or stale changes the rest of the text, and the text is the same wherever the model is split.
/// </summary>
internal static class TokenChain
{
    /// <summary>So many that tokens of different histories differ but for one in 2³¹.</summary>
    public const int VocabularySize = int.MaxValue;

    /// <summary>Of a cache without tokens.</summary>
    public const ulong Start = 0x243F6A8885A308D3;

    /// <summary>What the front layers make of a token.</summary>
    public static ulong Front(ulong before, int token, int position) => Mix(before, ((ulong)(uint)position << 32) | (uint)token);

    /// <summary>What the back layers make of a row of the front.</summary>
    public static ulong Back(ulong before, ulong row) => Mix(before, row);

    /// <summary>What the tokens generated so far are to a draw.</summary>
    public static ulong History(ulong before, int token) => Mix(before, (uint)token);

    /// <param name="back">What the back layers made of the last token.</param>
    /// <param name="sampling">Its seed counts.</param>
    /// <param name="position">Of the token that is drawn.</param>
    /// <param name="history">Of the tokens generated so far.</param>
    public static int Draw(ulong back, SamplingOptions sampling, int position, ulong history) =>
        (int)(Mix(Mix(Mix(back, sampling.Seed), (uint)position), history) % VocabularySize);

    /// <summary>The finalizer of SplitMix64 over both.</summary>
    public static ulong Mix(ulong a, ulong b)
    {
        var z = (a ^ (b + 0x9E3779B97F4A7C15 + (a << 6) + (a >> 2))) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 29)) * 0x94D049BB133111EB;
        return z ^ (z >> 32);
    }
}
