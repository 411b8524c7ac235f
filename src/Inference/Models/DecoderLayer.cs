using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Models;

/// <summary>One Llama decoder layer: attention and a gated feed-forward network, each normalized before and added to the residual.</summary>
internal sealed class DecoderLayer
{
    private readonly ModelConfig _config;
    private readonly float[] _inputNorm;     // [d]
    private readonly LinearGroup _qkvProj;   // [H·D, d], [Hkv·D, d], [Hkv·D, d]
    private readonly LinearGroup _oProj;     // [d, H·D]
    private readonly float[] _attentionNorm; // [d], "post_attention_layernorm"
    private readonly LinearGroup _gateUpProj; // [F, d], [F, d]
    private readonly LinearGroup _downProj;  // [d, F]

    /// <param name="config">Sizes of the model.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="index">Layer number in the checkpoint, 0-based.</param>
    public DecoderLayer(ModelConfig config, IWeightSource weights, int index)
    {
        _config = config;
        var prefix = $"model.layers.{index}.";
        var (d, f) = (config.HiddenSize, config.IntermediateSize);
        _inputNorm = weights.Norm(prefix + "input_layernorm.weight", d);
        _qkvProj = new LinearGroup(
            weights.Matrix(prefix + "self_attn.q_proj.weight", config.QueryWidth, d),
            weights.Matrix(prefix + "self_attn.k_proj.weight", config.KvWidth, d),
            weights.Matrix(prefix + "self_attn.v_proj.weight", config.KvWidth, d));
        _oProj = new LinearGroup(weights.Matrix(prefix + "self_attn.o_proj.weight", d, config.QueryWidth));
        _attentionNorm = weights.Norm(prefix + "post_attention_layernorm.weight", d);
        _gateUpProj = new LinearGroup(
            weights.Matrix(prefix + "mlp.gate_proj.weight", f, d),
            weights.Matrix(prefix + "mlp.up_proj.weight", f, d));
        _downProj = new LinearGroup(weights.Matrix(prefix + "mlp.down_proj.weight", d, f));
    }

    /// <summary>In the order in which they are read.</summary>
    public IEnumerable<Linear> Matrices => [.. _qkvProj.Matrices, .. _oProj.Matrices, .. _gateUpProj.Matrices, .. _downProj.Matrices];

    /// <param name="batch">The sequences; their caches have room for these rows.</param>
    /// <param name="layersLeft">Layers from this one to the segment's last, with which every cache ends.</param>
    /// <param name="hidden">[n, d], updated in place</param>
    /// <param name="buffers">Prepared for the batch.</param>
    public void Forward(ReadOnlySpan<SequenceRows> batch, int layersLeft, Span<float> hidden, Workspace buffers)
    {
        RowWork.Normalize(hidden, _inputNorm, _config.RmsNormEps, buffers);                        // [n, d]
        _qkvProj.Forward(buffers.Normed, buffers, buffers.Query, buffers.Keys, buffers.Values);    // [n, H·D], 2 × [n, Hkv·D]
        AttentionWork.Run(_config, batch, layersLeft, buffers);                                    // [n, H·D]
        _oProj.Forward(buffers.Attended, buffers, buffers.Normed);                                 // [n, d]
        Elementwise.Add(hidden, buffers.Normed);

        RowWork.Normalize(hidden, _attentionNorm, _config.RmsNormEps, buffers);                    // [n, d]
        _gateUpProj.Forward(buffers.Normed, buffers, buffers.Gate, buffers.Up);                    // 2 × [n, F]
        RowWork.SwiGlu(buffers);                                                                   // [n, F]
        _downProj.Forward(buffers.Gate, buffers, buffers.Normed);                                  // [n, d]
        Elementwise.Add(hidden, buffers.Normed);
    }
}
