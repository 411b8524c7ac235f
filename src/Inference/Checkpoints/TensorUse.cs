namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Which of a checkpoint's tensors the computation uses. One that the model's own part of the files has beyond those (a bias, a norm of queries, a scale)
/// belongs to another computation, whose result would be other text, and is refused. What lies beside the model does no harm and is told of.
/// </summary>
internal sealed class TensorUse(string configPath, ModelConfig config)
{
    private const string LayerPrefix = "model.layers.";
    private const string RotaryFrequencies = ".rotary_emb.inv_freq"; // computed from rope_theta; old files have them all the same

    private readonly HashSet<string> _used = new(ModelTensors.Of(config).Select(tensor => tensor.Name), StringComparer.Ordinal);
    private int _hasWarned; // once is enough for an index and all its files

    public bool IsUsed(string name) => _used.Contains(name);

    /// <summary>Files may be looked at one by one, on any thread.</summary>
    /// <param name="file">That has or names the tensors.</param>
    /// <param name="names">Of the tensors.</param>
    /// <param name="warn">Told what lies beside the model.</param>
    /// <exception cref="UserErrorException">A tensor changes the result and is not supported, or belongs to a layer that the configuration does not have.</exception>
    public void Require(string file, IEnumerable<string> names, Action<string> warn)
    {
        string[] unused = [.. names.Where(name => !IsUsed(name) && !IsHarmless(name)).Order(StringComparer.Ordinal)];
        if (Array.Find(unused, name => LayerOf(name) >= config.LayerCount) is { } further)
        {
            // A model that loses its last layers still writes fluent text; a configuration that does not name them is no harmless slip.
            throw CheckpointError.At(
                $"{configPath}, num_hidden_layers", "the number of layers in the safetensors files",
                $"{config.LayerCount}, although there is a tensor {further}", Checkpoint.MatchingFilesNextStep);
        }

        if (Array.Find(unused, IsOfModel) is { } stranger)
        {
            throw CheckpointError.At(
                CheckpointError.TensorPlace(file, stranger), $"no tensor beyond those of {ModelConfig.Architecture}", "one that changes the result",
                UnsupportedFeatures.NextStep);
        }

        if (unused.Length > 0 && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            var others = unused.Length > 1 ? $" and {unused.Length - 1} others are" : " is";
            warn($"{CheckpointError.TensorPlace(file, unused[0])}{others} not used: {ModelConfig.Architecture} has no such tensor.");
        }
    }

    private bool IsHarmless(string name) =>
        name.EndsWith(RotaryFrequencies, StringComparison.Ordinal) || (config.TieWordEmbeddings && name == ModelTensors.Head);

    private static bool IsOfModel(string name) =>
        name.StartsWith("model.", StringComparison.Ordinal) || name.StartsWith("lm_head.", StringComparison.Ordinal);

    /// <summary>−1 for a tensor of no layer.</summary>
    private static int LayerOf(string name)
    {
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return -1;
        var number = name.AsSpan(LayerPrefix.Length);
        var end = number.IndexOf('.');
        return end > 0 && int.TryParse(number[..end], System.Globalization.NumberStyles.None, provider: null, out var layer) ? layer : -1;
    }
}
