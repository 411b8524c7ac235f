using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary>Opens the folder of a model for a command, and says before any work what would be refused later.</summary>
internal static class ModelFolder
{
    public const string TokenizerFileName = "tokenizer.json";

    /// <summary>Compares the tensors with the configuration.</summary>
    /// <param name="folder">A Hugging Face folder or an OPSC package.</param>
    /// <param name="line">Shows progress, and what is wrong and does no harm.</param>
    /// <param name="requiresAllShards">Off where a part of the model will do.</param>
    /// <exception cref="UserErrorException">The folder or a file of it is missing, damaged or not supported.</exception>
    public static Checkpoint Open(string folder, LoadingLine line, bool requiresAllShards = true)
    {
        var checkpoint = Checkpoint.Open(folder, new CheckpointOpenOptions { Progress = line, Warn = line.Warn, RequireAllShards = requiresAllShards });
        try
        {
            checkpoint.RequireTensors();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open"/>, for a command that generates text or prepares for one that does: all that <c>run</c> reads of a model must be usable.</summary>
    /// <exception cref="UserErrorException">As <see cref="Open"/>; or the tokenizer or the sampling options are.</exception>
    public static RunnableModel OpenRunnable(string folder, LoadingLine line)
    {
        var checkpoint = Open(folder, line);
        try
        {
            var tokenizer = Tokenizer.Load(checkpoint);
            RequireTokens(tokenizer.TextVocabularySize - 1, checkpoint.Config);
            return new RunnableModel(checkpoint, tokenizer, GenerationDefaults.Read(checkpoint));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <exception cref="UserErrorException">The model has no such token.</exception>
    public static void RequireTokens(int highest, ModelConfig config)
    {
        if (highest >= config.VocabularySize)
        {
            throw new UserErrorException(
                UserErrorKind.Checkpoint, TokenizerFileName, $"token ids below the model's {config.VocabularySize}", $"{highest}", "Use the tokenizer of this model.");
        }
    }
}

/// <summary>A model with all that generating text takes. Whoever opened it disposes the checkpoint.</summary>
/// <param name="Sampling">The model's own options.</param>
internal sealed record RunnableModel(Checkpoint Checkpoint, Tokenizer Tokenizer, SamplingOptions Sampling) : IDisposable
{
    public void Dispose() => Checkpoint.Dispose();
}
