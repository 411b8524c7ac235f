using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// The identity of a checkpoint, which both sides of a split compare before they start. It is the SHA-256 of these lines:
/// <list type="number">
/// <item>every field of <see cref="ModelConfig"/> except <see cref="ModelConfig.TorchDtype"/>, in a fixed order, and of
/// <see cref="Checkpoint.Quantization"/>, if there is one;</item>
/// <item>for each safetensors file that <c>SHA256SUMS</c> lists, by name: its name and the listed SHA-256, which stands for all
/// bytes of the file;</item>
/// <item>for each tensor, by name: its name, and, unless its file is in 2, its dtype and shape.</item>
/// </list>
/// So two folders that hold different shards of one checkpoint agree if both have its <c>SHA256SUMS</c>: no shard is read. Without
/// that file the shards' headers are read, all must be there, and the weights' values are not covered. The listed SHA-256 are taken
/// as they are; damage is found when tensors are read (<see cref="CheckpointOpenOptions.VerifyChecksums"/>), and that the files match them by
/// <see cref="ChecksumFile.VerifyAll"/>.
/// Neither the tokenizer nor the folder's name takes part.
/// </summary>
public sealed record ModelDigest
{
    private const int ShortChars = 12;

    private ModelDigest(string hex) => Hex = hex;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex { get; }

    /// <summary>The first 12 digits, for people.</summary>
    public string Short => Hex[..ShortChars];

    /// <exception cref="UserErrorException">A shard that <c>SHA256SUMS</c> does not list is missing or damaged.</exception>
    public static ModelDigest Of(Checkpoint checkpoint)
    {
        var text = new StringBuilder("splitactors model digest 1\n");
        AppendConfig(text, checkpoint.Config);
        if (checkpoint.Quantization is { } quantization)
            text.Append(OpscQuantization.FieldName).Append(' ').Append(quantization.ToJson().ToJsonString()).Append('\n');

        var listed = new HashSet<Shard>();
        foreach (var shard in checkpoint.Shards.OrderBy(shard => shard.FileName, StringComparer.Ordinal))
        {
            if (checkpoint.Checksums?.DigestOf(shard.FileName) is not { } digest)
                continue;
            listed.Add(shard);
            text.Append("file ").Append(digest).Append(' ').Append(shard.FileName).Append('\n');
        }

        // A name has no control characters (the readers refuse them), so these lines cannot be forged from within one.
        foreach (var (name, shard) in checkpoint.ShardOfTensor.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            TensorInfo? info = null;
            if (!listed.Contains(shard) && !shard.TryGetInfo(name, out info))
                continue; // in the index alone, and not used
            var typeAndShape = info is null ? "-" : $"{info.TypeName} {TensorInfo.ShapeText(info.Shape.AsSpan())}";
            text.Append("tensor ").Append(typeAndShape).Append(' ').Append(name).Append('\n');
        }

        return new ModelDigest(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))));
    }

    public override string ToString() => Hex;

    private static void AppendConfig(StringBuilder text, ModelConfig config)
    {
        void Line(string field, IFormattable? value) =>
            text.Append(field).Append(' ').Append(value?.ToString(format: null, CultureInfo.InvariantCulture) ?? "null").Append('\n');

        text.Append("architecture ").Append(ModelConfig.Architecture).Append('\n');
        Line("vocab_size", config.VocabularySize);
        Line("hidden_size", config.HiddenSize);
        Line("intermediate_size", config.IntermediateSize);
        Line("num_hidden_layers", config.LayerCount);
        Line("num_attention_heads", config.HeadCount);
        Line("num_key_value_heads", config.KvHeadCount);
        Line("head_dim", config.HeadDim);
        Line("max_position_embeddings", config.ContextLength);
        Line("rms_norm_eps", config.RmsNormEps); // the shortest text that reads back as the same float
        Line("rope_theta", config.RopeTheta);
        Line("tie_word_embeddings", config.TieWordEmbeddings ? 1 : 0);
        Line("bos_token_id", config.BosTokenId);
        foreach (var id in config.EosTokenIds)
            Line("eos_token_id", id);
    }
}
