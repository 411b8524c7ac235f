using SplitActors.Inference.Planning.EarlyExit;

namespace SplitActors.Actors.Edge;

/// <summary>
/// Costs of an exit between two tokens, by what the device took so far. The split is the worker's, so the device can stop nowhere else: there is
/// one "layer", the whole token.
/// </summary>
/// <param name="options">Sizes of the model.</param>
/// <param name="splitLayer">ℓ: keys and values of the layers behind it travel.</param>
/// <param name="promptCount">Tokens before the first generated one.</param>
/// <param name="firstSeconds">From the start to the first generated token.</param>
/// <param name="tokenSeconds">For each one after it.</param>
internal sealed class MeasuredExitCosts(HandoffOptions options, int splitLayer, int promptCount, double firstSeconds, double tokenSeconds) : IExitCosts
{
    private const int TokenIdBytes = 4;

    /// <inheritdoc/>
    public double ComputeSeconds(int tokenCount, int layer) => firstSeconds + ((tokenCount - 1) * tokenSeconds);

    /// <summary>The last token has not passed any layer yet: its keys and values are not there.</summary>
    public long ByteCount(ExitState state)
    {
        var positions = promptCount + state.TokenCount - 1;
        var hiddenBytes = splitLayer == 0 ? TokenIdBytes : (long)options.Config.HiddenSize * sizeof(float);
        if (!state.ShipsKvCache)
            return (positions + 1) * hiddenBytes;
        var values = 2L * positions * (options.Config.LayerCount - splitLayer) * options.Config.KvWidth;
        return (values * state.Bits / 8) + hiddenBytes;
    }
}
