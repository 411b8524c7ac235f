using System.Collections.Immutable;
using SplitActors.Inference.Planning.EarlyExit;

namespace SplitActors.Actors.Edge;

/// <summary>
/// Costs of an exit (w, ℓ) between two tokens, by what the device took so far. Its layers 1…ℓ and their keys and values stay on the device: with I_kv = 1 those
/// of the other layers travel, with I_kv = 0 the hidden states of all tokens, which go through the ℓ layers again. The last token has not passed any layer yet.
/// </summary>
/// <param name="options">Sizes of the model.</param>
/// <param name="splits">Each ℓ that the device can hand over at.</param>
/// <param name="promptCount">Tokens before the first generated one.</param>
/// <param name="firstSeconds">From the start to the first generated token.</param>
/// <param name="tokenSeconds">For each one after it; null: there is none yet.</param>
internal sealed class MeasuredExitCosts(
    HandoffOptions options, ImmutableArray<HandoffSplit> splits, int promptCount, double firstSeconds, double? tokenSeconds) : IExitCosts
{
    /// <summary>At most: the first token's time has that of loading and planning in it.</summary>
    private readonly double _rowSeconds = firstSeconds / promptCount;

    private readonly double _tokenSeconds = tokenSeconds ?? (firstSeconds / promptCount);

    /// <inheritdoc/>
    public double ComputeSeconds(int tokenCount, int layer) => firstSeconds + ((tokenCount - 1) * _tokenSeconds);

    /// <summary>The last token goes through the front, or all of them, several at a time, which takes no longer than one at a time.</summary>
    public double PrepareSeconds(ExitState state)
    {
        var wholeSeconds = state.ShipsKvCache ? _tokenSeconds : (promptCount + state.TokenCount) * Math.Min(_rowSeconds, _tokenSeconds);
        return wholeSeconds * state.Layer / options.Config.LayerCount;
    }

    /// <inheritdoc/>
    public long ByteCount(ExitState state)
    {
        var tokenBytes = splits.First(split => split.SplitLayer == state.Layer).TokenBytes;
        var positions = promptCount + state.TokenCount - 1;
        if (!state.ShipsKvCache)
            return (long)Math.Ceiling((positions + 1) * tokenBytes);
        var values = 2L * positions * (options.Config.LayerCount - state.Layer) * options.Config.KvWidth;
        return (values * state.Bits / 8) + (long)Math.Ceiling(tokenBytes);
    }
}
