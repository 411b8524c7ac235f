using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>
/// Costs of a device that runs the whole OPSC model: time by its profile, sizes by [2511.04002, eq. 2 and 3]. The prompt is computed first
/// and belongs to every state.
/// </summary>
/// <param name="config">Sizes of the model.</param>
/// <param name="choice">ℓ_w and Q^a: keys and values that are stored in fewer bits are not shipped in more.</param>
/// <param name="front">The device in the front's formats.</param>
/// <param name="back">And in the back's.</param>
/// <param name="promptTokens">Before the first generated token.</param>
/// <param name="promptSeconds">What the prompt takes; part of every exit.</param>
public sealed class OpscExitCosts(
    ModelConfig config, SplitChoice choice, ComputeProfile front, ComputeProfile back, int promptTokens, double promptSeconds) : IExitCosts
{
    /// <inheritdoc/>
    public double ComputeSeconds(int tokenCount, int layer)
    {
        var before = tokenCount - 1; // whole tokens, at contexts promptTokens + 1 to promptTokens + before
        var meanContext = promptTokens + ((before + 1) / 2.0);
        var whole = front.EmbeddingSeconds(1) + LayerSeconds(config.LayerCount, meanContext) + back.HeadSeconds(1);
        return promptSeconds + (before * whole) + front.EmbeddingSeconds(1) + LayerSeconds(layer, promptTokens + tokenCount);
    }

    /// <inheritdoc/>
    public long ByteCount(ExitState state) =>
        new StateSize(config, choice.SplitLayer, Shipped(choice.FrontKv, state.Bits), Shipped(choice.BackKv, state.Bits))
            .ByteCount(promptTokens + state.TokenCount, state.Layer, state.ShipsKvCache);

    /// <summary>Linear in the context, so that the mean context gives the mean of many tokens.</summary>
    private double LayerSeconds(int layerCount, double contextLength) =>
        front.DecodeSeconds(Math.Min(layerCount, choice.SplitLayer), contextLength)
        + back.DecodeSeconds(Math.Max(0, layerCount - choice.SplitLayer), contextLength);

    private static int Shipped(KvFormat stored, int bits) => Math.Min((int)stored, bits);
}
