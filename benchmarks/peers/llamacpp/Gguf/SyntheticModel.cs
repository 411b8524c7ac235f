using SplitActors.Inference.Checkpoints;

namespace SplitActors.Peers.LlamaCpp.Gguf;

/// <summary>A Llama of a given shape with made-up weights and a vocabulary without meaning, as llama.cpp loads it.</summary>
internal sealed class SyntheticModel
{
    private const int ByteTokenCount = 256;
    private static readonly string[] ControlTokens = ["<unk>", "<s>", "</s>"];

    private readonly string _name;
    private readonly ModelConfig _config;
    private readonly GgufType _type;

    public SyntheticModel(string name, ModelConfig config, GgufType type)
    {
        (_name, _config, _type) = (name, config, type);
        Tensors = [.. EnumerateTensors()];
    }

    /// <summary>Tokens that need no meaning begin here.</summary>
    public static int FirstPlainToken => ControlTokens.Length + ByteTokenCount;

    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Bytes of weights that one decoded token reads: all but the embedding, of which it reads one row, unless that is the head as well.</summary>
    public long BytesReadPerToken => Tensors.Where(tensor => _config.TieWordEmbeddings || tensor.Name != "token_embd.weight").Sum(tensor => tensor.ByteCount);

    public void WriteTo(Stream stream)
    {
        var writer = new GgufWriter();
        AddMetadata(writer);
        AddVocabulary(writer);
        foreach (var tensor in Tensors)
            writer.Add(tensor);
        writer.WriteTo(stream, new RandomWeights().Write);
    }

    private void AddMetadata(GgufWriter writer)
    {
        writer.Add("general.architecture", "llama");
        writer.Add("general.name", $"synthetic-{_name}");
        writer.Add("general.file_type", _type == GgufType.Q4_0 ? 2u : 7u); // "mostly Q4_0", "mostly Q8_0"
        writer.Add("llama.block_count", (uint)_config.LayerCount);
        writer.Add("llama.context_length", (uint)_config.ContextLength);
        writer.Add("llama.embedding_length", (uint)_config.HiddenSize);
        writer.Add("llama.feed_forward_length", (uint)_config.IntermediateSize);
        writer.Add("llama.attention.head_count", (uint)_config.HeadCount);
        writer.Add("llama.attention.head_count_kv", (uint)_config.KvHeadCount);
        writer.Add("llama.attention.key_length", (uint)_config.HeadDim);
        writer.Add("llama.attention.value_length", (uint)_config.HeadDim);
        writer.Add("llama.attention.layer_norm_rms_epsilon", _config.RmsNormEps);
        writer.Add("llama.rope.dimension_count", (uint)_config.HeadDim);
        writer.Add("llama.rope.freq_base", _config.RopeTheta);
        writer.Add("llama.vocab_size", (uint)_config.VocabularySize);
    }

    /// <summary>A SentencePiece vocabulary: three control tokens, the 256 bytes, then "▁t259" and so on.</summary>
    private void AddVocabulary(GgufWriter writer)
    {
        const int unknown = 2, control = 3, bytes = 6, normal = 1; // kinds of tokens in the file format
        var ids = Enumerable.Range(0, _config.VocabularySize).ToArray();
        writer.Add("tokenizer.ggml.model", "llama");
        writer.Add("tokenizer.ggml.tokens", Array.ConvertAll(ids, Text));
        writer.Add("tokenizer.ggml.scores", Array.ConvertAll(ids, id => -(float)id));
        writer.Add("tokenizer.ggml.token_type", Array.ConvertAll(
            ids, id => id == 0 ? unknown : id < ControlTokens.Length ? control : id < FirstPlainToken ? bytes : normal));
        writer.Add("tokenizer.ggml.unknown_token_id", 0u);
        writer.Add("tokenizer.ggml.bos_token_id", 1u);
        writer.Add("tokenizer.ggml.eos_token_id", 2u);
        writer.Add("tokenizer.ggml.add_bos_token", true);

        static string Text(int id) =>
            id < ControlTokens.Length ? ControlTokens[id] : id < FirstPlainToken ? $"<0x{id - ControlTokens.Length:X2}>" : $"▁t{id}";
    }

    private IEnumerable<GgufTensor> EnumerateTensors()
    {
        yield return GgufTensor.Matrix("token_embd.weight", _type, _config.VocabularySize, _config.HiddenSize);
        for (var layer = 0; layer < _config.LayerCount; layer++)
        {
            var prefix = $"blk.{layer}.";
            yield return GgufTensor.Vector($"{prefix}attn_norm.weight", _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}attn_q.weight", _type, _config.QueryWidth, _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}attn_k.weight", _type, _config.KvWidth, _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}attn_v.weight", _type, _config.KvWidth, _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}attn_output.weight", _type, _config.HiddenSize, _config.QueryWidth);
            yield return GgufTensor.Vector($"{prefix}ffn_norm.weight", _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}ffn_gate.weight", _type, _config.IntermediateSize, _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}ffn_up.weight", _type, _config.IntermediateSize, _config.HiddenSize);
            yield return GgufTensor.Matrix($"{prefix}ffn_down.weight", _type, _config.HiddenSize, _config.IntermediateSize);
        }

        yield return GgufTensor.Vector("output_norm.weight", _config.HiddenSize);
        if (!_config.TieWordEmbeddings)
            yield return GgufTensor.Matrix("output.weight", _type, _config.VocabularySize, _config.HiddenSize);
    }
}
