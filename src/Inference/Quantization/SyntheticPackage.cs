using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// Writes an OPSC package of weights without meaning, to measure with: it loads and runs like one of a model, and holds no text's probability. There
/// is no tokenizer.
/// </summary>
public static class SyntheticPackage
{
    /// <summary>
    /// Writes one row or tile at a time, the very weights of <see cref="Models.Segment.Synthesize"/> for the whole model. The folder is complete or not
    /// there.
    /// </summary>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="quantization">Split and formats.</param>
    /// <param name="folder">New or empty.</param>
    /// <param name="progress">Told every megabyte; an exception of its ends the writing.</param>
    /// <exception cref="UserErrorException">The folder is not empty or cannot be written.</exception>
    public static void Write(ModelConfig config, OpscQuantization quantization, string folder, IProgress<PackageProgress>? progress = null)
    {
        var packageConfig = ConfigFor(config, quantization.SplitLayer);
        var matrixCount = 0UL;
        PackageTensor[] tensors =
        [
            .. ModelTensors.Of(packageConfig).Select(tensor =>
                new SyntheticPackageTensor(tensor, quantization, SyntheticBytes.SeedOf(tensor.IsMatrix ? matrixCount++ : 0))),
        ];
        PackageFolder.Create(folder, package => PackageWriter.Write(package, ToJson(packageConfig, quantization), tensors, progress));
    }

    /// <summary>What a package for this split states: embedding and head are separate matrices where both parts need them.</summary>
    public static ModelConfig ConfigFor(ModelConfig config, int splitLayer) =>
        config with { TieWordEmbeddings = config.TieWordEmbeddings && (splitLayer == 0 || splitLayer == config.LayerCount) };

    private static JsonObject ToJson(ModelConfig config, OpscQuantization quantization) => new()
    {
        ["architectures"] = new JsonArray(ModelConfig.Architecture),
        ["model_type"] = "llama",
        ["hidden_size"] = config.HiddenSize,
        ["intermediate_size"] = config.IntermediateSize,
        ["num_hidden_layers"] = config.LayerCount,
        ["num_attention_heads"] = config.HeadCount,
        ["num_key_value_heads"] = config.KvHeadCount,
        ["head_dim"] = config.HeadDim,
        ["vocab_size"] = config.VocabularySize,
        ["max_position_embeddings"] = config.ContextLength,
        ["rms_norm_eps"] = config.RmsNormEps,
        ["rope_theta"] = config.RopeTheta,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["torch_dtype"] = "bfloat16",
        [OpscQuantization.FieldName] = quantization.ToJson(),
    };
}
