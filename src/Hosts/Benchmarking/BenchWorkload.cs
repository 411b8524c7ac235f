using SplitActors.Inference.KvCaching;

namespace SplitActors.Hosts.Benchmarking;

/// <summary>What a round does.</summary>
/// <param name="PromptTokens">Of each sequence.</param>
/// <param name="DecodeTokens">Decoded after the prompt, of each sequence.</param>
/// <param name="BatchSize">Sequences that are decoded together.</param>
/// <param name="KvFormat">How keys and values are stored.</param>
internal sealed record BenchWorkload(int PromptTokens, int DecodeTokens, int BatchSize, KvFormat KvFormat);

/// <summary>What a round reached.</summary>
/// <param name="PrefillTokensPerSecond">The prompts, one after the other, each with the logits of its last token.</param>
/// <param name="DecodeTokensPerSecond">All sequences together.</param>
/// <param name="ReadGigabytesPerSecond">Weights read while decoding, 10⁹ bytes per second.</param>
/// <param name="BandwidthGigabytesPerSecond">The same weights merely read, just before and just after decoding; null if that was not measured.</param>
internal sealed record BenchRound(
    double PrefillTokensPerSecond, double DecodeTokensPerSecond, double ReadGigabytesPerSecond, double? BandwidthGigabytesPerSecond)
{
    /// <summary>How much of the bandwidth decoding uses.</summary>
    public double? BandwidthShare => ReadGigabytesPerSecond / BandwidthGigabytesPerSecond;
}
