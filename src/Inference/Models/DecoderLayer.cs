using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Models;

/// <summary>One Llama decoder layer: attention and a gated feed-forward network, each normalized before and added to the residual.</summary>
internal sealed class DecoderLayer
{
    private readonly ModelConfig _config;
    private readonly float[] _inputNorm;     // [d]
    private readonly Linear _qProj;          // [H·D, d]
    private readonly Linear _kProj;          // [Hkv·D, d]
    private readonly Linear _vProj;          // [Hkv·D, d]
    private readonly Linear _oProj;          // [d, H·D]
    private readonly float[] _attentionNorm; // [d], "post_attention_layernorm"
    private readonly Linear _gateProj;       // [F, d]
    private readonly Linear _upProj;         // [F, d]
    private readonly Linear _downProj;       // [d, F]

    /// <param name="index">Layer number in the checkpoint, 0-based.</param>
    public DecoderLayer(Checkpoint checkpoint, int index)
    {
        _config = checkpoint.Config;
        var prefix = $"model.layers.{index}.";
        var (d, f) = (_config.HiddenSize, _config.IntermediateSize);
        _inputNorm = NormWeight.Load(checkpoint, prefix + "input_layernorm.weight");
        _qProj = Linear.Load(checkpoint, prefix + "self_attn.q_proj.weight", _config.QueryWidth, d);
        _kProj = Linear.Load(checkpoint, prefix + "self_attn.k_proj.weight", _config.KvWidth, d);
        _vProj = Linear.Load(checkpoint, prefix + "self_attn.v_proj.weight", _config.KvWidth, d);
        _oProj = Linear.Load(checkpoint, prefix + "self_attn.o_proj.weight", d, _config.QueryWidth);
        _attentionNorm = NormWeight.Load(checkpoint, prefix + "post_attention_layernorm.weight");
        _gateProj = Linear.Load(checkpoint, prefix + "mlp.gate_proj.weight", f, d);
        _upProj = Linear.Load(checkpoint, prefix + "mlp.up_proj.weight", f, d);
        _downProj = Linear.Load(checkpoint, prefix + "mlp.down_proj.weight", d, f);
    }

    /// <param name="batch">The sequences; their caches have room for these rows.</param>
    /// <param name="cacheLayer">This layer's number within the segment's caches.</param>
    /// <param name="hidden">[n, d], updated in place</param>
    /// <param name="buffers">Prepared for the batch.</param>
    public void Forward(ReadOnlySpan<SequenceRows> batch, int cacheLayer, Span<float> hidden, Workspace buffers)
    {
        var epsilon = _config.RmsNormEps;
        RmsNorm.Normalize(hidden, _inputNorm, epsilon, buffers.Normed);         // [n, d]
        _qProj.Forward(buffers.Normed, buffers.Query);                          // [n, H·D]
        _kProj.Forward(buffers.Normed, buffers.Keys);                           // [n, Hkv·D]
        _vProj.Forward(buffers.Normed, buffers.Values);                         // [n, Hkv·D]
        Attend(batch, cacheLayer, buffers);                                     // [n, H·D]
        _oProj.Forward(buffers.Attended, buffers.Normed);                       // [n, d]
        Elementwise.Add(hidden, buffers.Normed);

        RmsNorm.Normalize(hidden, _attentionNorm, epsilon, buffers.Normed);     // [n, d]
        _gateProj.Forward(buffers.Normed, buffers.Gate);                        // [n, F]
        _upProj.Forward(buffers.Normed, buffers.Up);                            // [n, F]
        SwiGlu.Apply(buffers.Gate, buffers.Up);
        _downProj.Forward(buffers.Gate, buffers.Normed);                        // [n, d]
        Elementwise.Add(hidden, buffers.Normed);
    }

    /// <summary>Rotates queries and keys, appends keys and values to the caches, and lets each row attend to its past and itself.</summary>
    private void Attend(ReadOnlySpan<SequenceRows> batch, int cacheLayer, Workspace buffers)
    {
        var first = 0;
        foreach (var rows in batch)
        {
            for (var i = 0; i < rows.Count; i++)
                Append(rows, cacheLayer, i, first + i, buffers);
            var query = RowsOf(buffers.Query, first, rows.Count, _config.QueryWidth);
            var attended = RowsOf(buffers.Attended, first, rows.Count, _config.QueryWidth);
            var tileRows = Attention.RowsPerTile(_config.HeadCount / _config.KvHeadCount, rows.Position + rows.Count);
            for (var i = 0; i < rows.Count; i += tileRows)
            {
                var count = Math.Min(tileRows, rows.Count - i);
                for (var kvHead = 0; kvHead < _config.KvHeadCount; kvHead++)
                {
                    Attention.Attend(
                        rows.Cache,
                        new AttentionTile(cacheLayer, kvHead, rows.Position + i, count),
                        RowsOf(query, i, count, _config.QueryWidth),
                        RowsOf(attended, i, count, _config.QueryWidth),
                        buffers.AttentionScratch);
                }
            }

            first += rows.Count;
        }
    }

    private void Append(SequenceRows rows, int cacheLayer, int index, int row, Workspace buffers)
    {
        var key = RowsOf(buffers.Keys, row, 1, _config.KvWidth);
        var value = RowsOf(buffers.Values, row, 1, _config.KvWidth);
        RotaryEmbedding.Rotate(RowsOf(buffers.Query, row, 1, _config.QueryWidth), buffers.Rotary(row));
        RotaryEmbedding.Rotate(key, buffers.Rotary(row));
        for (var kvHead = 0; kvHead < _config.KvHeadCount; kvHead++)
        {
            var position = rows.Position + index;
            rows.Cache.Write(cacheLayer, kvHead, position, RowsOf(key, kvHead, 1, _config.HeadDim), RowsOf(value, kvHead, 1, _config.HeadDim));
        }
    }

    private static Span<float> RowsOf(Span<float> rows, int first, int count, int width) => rows.Slice(first * width, count * width);
}
