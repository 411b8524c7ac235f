using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// The sizes and constants of a decoder of the Llama family, from <c>config.json</c> (its field names in the comments).
/// <see cref="ModelConfigReader"/> bounds every size, so no product of two of them times the layer count overflows 64 bits.
/// To ask whether two models are the same compare their <see cref="ModelDigest"/>: == on this record compares
/// <see cref="EosTokenIds"/> by reference.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>The one value of <c>architectures</c> that is supported.</summary>
    public const string Architecture = "LlamaForCausalLM";

    /// <summary>V, <c>vocab_size</c>.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>d, <c>hidden_size</c>: width of the hidden state.</summary>
    public required int HiddenSize { get; init; }

    /// <summary><c>intermediate_size</c>: width of the gated MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>L, <c>num_hidden_layers</c>.</summary>
    public required int LayerCount { get; init; }

    /// <summary><c>num_attention_heads</c>: query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary><c>num_key_value_heads</c>: divides <see cref="HeadCount"/>; HF's default is as many.</summary>
    public required int KvHeadCount { get; init; }

    /// <summary><c>head_dim</c>: even; HF's default is hidden size / heads.</summary>
    public required int HeadDim { get; init; }

    /// <summary><c>max_position_embeddings</c>: most positions of a sequence, prompt included.</summary>
    public required int ContextLength { get; init; }

    /// <summary><c>rms_norm_eps</c>.</summary>
    public float RmsNormEps { get; init; } = 1e-6f;

    /// <summary><c>rope_theta</c>: base of the rotary frequencies.</summary>
    public float RopeTheta { get; init; } = 10_000f;

    /// <summary><c>tie_word_embeddings</c>: the head is the embedding matrix.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary><c>bos_token_id</c>.</summary>
    public int? BosTokenId { get; init; }

    /// <summary><c>eos_token_id</c> of <c>config.json</c> and <c>generation_config.json</c>: ascending; any of them ends a text.</summary>
    public ImmutableArray<int> EosTokenIds { get; init; } = [];

    /// <summary><c>torch_dtype</c> (newer: <c>dtype</c>), such as "bfloat16": a label. Each tensor states its own type (<see cref="StoredSizes"/>).</summary>
    public string? TorchDtype { get; init; }

    /// <summary>Rows of <c>q_proj</c>; columns of <c>o_proj</c>.</summary>
    public int QueryWidth => HeadCount * HeadDim;

    /// <summary>Rows of <c>k_proj</c> and <c>v_proj</c>: floats that one token adds to one layer's K, and to its V.</summary>
    public int KvWidth => KvHeadCount * HeadDim;
}
