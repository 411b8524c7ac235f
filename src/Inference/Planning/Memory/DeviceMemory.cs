using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>
/// What a device's process holds at its peak: M(ℓ, Q^w) + B_kv(W̄, ℓ; Q^a) of [2511.04002, eq. 8c] in the bytes that are really allocated,
/// and what the equation leaves out: embedding and head, activations, kept frames and the runtime. Keys and values have the true width of
/// grouped-query attention and take whole pages.
/// </summary>
/// <remarks>
/// Of a checkpoint that is quantized while it is loaded, the mapped 16-bit weights come on top as long as the system does not need their
/// pages; a package is mapped as it is.
/// </remarks>
/// <param name="FrontWeights">Layers 1 to ℓ and the embedding; all weights if ℓ = L.</param>
/// <param name="BackWeights">
/// The other layers with final norm and head; a head that is the embedding matrix is a copy in the back's format.
/// </param>
/// <param name="KvBytes">Pages of keys and values of W̄ tokens.</param>
/// <param name="Workspace">Scratch of a pass.</param>
/// <param name="ActivationBytes">Hidden states of a pass, and logits where there is a head.</param>
/// <param name="ReplayBytes">Frames of W̄ tokens.</param>
/// <param name="RuntimeBytes">The process without a model.</param>
public sealed record DeviceMemory(
    WeightMemory FrontWeights, WeightMemory BackWeights, long KvBytes, WorkspaceMemory Workspace, long ActivationBytes, long ReplayBytes, long RuntimeBytes)
{
    /// <summary>
    /// Measured: peaks of <c>splitactors bench</c> less everything else here, in 39 runs on x64 Linux with .NET 10 (quill, qwen2.5-0.5b and llama-1b, 2 to 16 bits,
    /// fronts and whole models, prompts of 64): 39 to 60 MB, median 44. With this number each peak is predicted within 5 %, but for quill in 2 bits,
    /// which takes up to 4 MB more: 8 % of so small a process.
    /// </summary>
    public const long RuntimeBytesDefault = 43_000_000;

    private const long KernelBytes = 2_000_000; // more, for kernels of fewer bits; likewise
    private const int KernelBits = 8;

    public long ByteCount =>
        FrontWeights.ByteCount + BackWeights.ByteCount + KvBytes + Workspace.ByteCount + ActivationBytes + ReplayBytes + RuntimeBytes;

    /// <exception cref="ArgumentException">ℓ is not in 0..L, or a size is not positive.</exception>
    public static DeviceMemory Of(ModelConfig config, SplitChoice choice, DeviceLoad load)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(choice.SplitLayer, nameof(choice));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(choice.SplitLayer, config.LayerCount, nameof(choice));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(load.TokenCountMax, nameof(load));
        if (choice.SplitLayer == 0)
            return new DeviceMemory(default, default, KvBytes: 0, default, ActivationBytes: 0, ReplayBytes: 0, load.RuntimeBytes); // it keeps token ids only

        var front = LayerRange.Front(choice.SplitLayer);
        var back = load.Share == DeviceShare.WholeModel ? LayerRange.Back(choice.SplitLayer, config.LayerCount) : default;
        var holdsHead = front.End == config.LayerCount || back.Count > 0;
        var tokenCount = Math.Min(load.TokenCountMax, config.ContextLength);
        return new DeviceMemory(
            WeightMemory.Of(config, front, choice.FrontWeights, load.Stored),
            back.Count > 0 ? WeightMemory.Of(config, back, choice.BackWeights, load.Stored) : default,
            KvBytesOf(config, front.Count, choice.FrontKv, tokenCount) + KvBytesOf(config, back.Count, choice.BackKv, tokenCount),
            WorkspaceMemory.Of(config, load.ChunkRows, load.ThreadCount, tokenCount),
            sizeof(float) * (((long)load.ChunkRows * config.HiddenSize) + (holdsHead ? config.VocabularySize : 0)),
            front.Count < config.LayerCount ? tokenCount * load.ReplayBytesPerToken : 0,
            load.RuntimeBytes + (choice.FrontWeights.Bits < KernelBits || (back.Count > 0 && choice.BackWeights.Bits < KernelBits) ? KernelBytes : 0));
    }

    private static long KvBytesOf(ModelConfig config, int layerCount, KvFormat format, int tokenCount) =>
        new KvLayout(layerCount, config.KvHeadCount, config.HeadDim, format).BytesFor(tokenCount);
}
