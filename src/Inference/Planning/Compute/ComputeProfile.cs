namespace SplitActors.Inference.Planning.Compute;

/// <summary>
/// What a machine takes for a model's layers in one weight and KV format: L_c of [2511.04002, eq. 11]. Layers of a model are alike, so one
/// stands for all. Prefill and decoding are two lines, as many rows of one sequence share what one row of many sequences does not.
/// </summary>
/// <param name="PrefillLayer">A pass of a chunk of a prompt through one layer.</param>
/// <param name="DecodeLayer">A pass of one token of each sequence through one layer.</param>
/// <param name="Head">Final norm, head and sampling of each row; no positions.</param>
/// <param name="Embedding">Look-ups of each row; no positions.</param>
/// <param name="Wake">What a pass of decoding adds after a wait.</param>
public sealed record ComputeProfile(LinearCost PrefillLayer, LinearCost DecodeLayer, LinearCost Head, LinearCost Embedding, WakeCost Wake = default)
{
    /// <summary>Least squares through measured passes (<see cref="LinearFit"/>).</summary>
    /// <param name="prefillLayer">Chunks of prompts through one layer.</param>
    /// <param name="decodeLayer">Decoding steps through one layer.</param>
    /// <param name="head">Of rows, without positions.</param>
    /// <param name="embedding">Of rows, without positions.</param>
    /// <exception cref="ArgumentException">A part has no sample, or one that took no time.</exception>
    public static ComputeProfile Fit(
        IReadOnlyCollection<ComputeSample> prefillLayer, IReadOnlyCollection<ComputeSample> decodeLayer,
        IReadOnlyCollection<ComputeSample> head, IReadOnlyCollection<ComputeSample> embedding) =>
        new(LinearFit.Of(prefillLayer).Cost, LinearFit.Of(decodeLayer).Cost, LinearFit.Of(head).Cost, LinearFit.Of(embedding).Cost);

    /// <summary>Of a machine that takes so many times as long.</summary>
    public ComputeProfile Scaled(double factor) =>
        new(PrefillLayer.Scaled(factor), DecodeLayer.Scaled(factor), Head.Scaled(factor), Embedding.Scaled(factor), Wake.Scaled(factor));

    /// <summary>A prompt of one sequence through layers, in chunks.</summary>
    public double PrefillSeconds(int layerCount, int tokenCount, int chunkRows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunkRows);
        var passCount = (tokenCount + chunkRows - 1) / chunkRows;
        return layerCount * PrefillLayer.Seconds(tokenCount, (double)tokenCount * (tokenCount + 1) / 2, passCount);
    }

    /// <summary>One token of each sequence through layers.</summary>
    /// <param name="layerCount">How many layers.</param>
    /// <param name="contextLength">Tokens of a sequence, with this one; fractions for the mean of several.</param>
    /// <param name="batchSize">Sequences.</param>
    public double DecodeSeconds(int layerCount, double contextLength, int batchSize = 1) => layerCount * DecodeLayer.Seconds(batchSize, batchSize * contextLength);

    public double HeadSeconds(int rowCount) => Head.Seconds(rowCount, positionCount: 0);

    public double EmbeddingSeconds(int rowCount) => Embedding.Seconds(rowCount, positionCount: 0);
}
