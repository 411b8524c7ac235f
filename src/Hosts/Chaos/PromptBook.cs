using SplitActors.Actors;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Chaos;

/// <summary>Makes the prompts of a run, and lets <c>splitactors run</c> continue each, undisturbed, for what has to come of it.</summary>
internal static class PromptBook
{
    /// <summary>The first takes the most likely tokens, the second draws them.</summary>
    private const int PerContext = 2;

    /// <summary>Fewest tokens of a session: enough to disturb it and to see it go on.</summary>
    public const int GeneratedMin = 8;

    /// <summary>A text that ends at once is no use.</summary>
    private const int AttemptsMax = 20;

    /// <exception cref="UserErrorException">The model cannot be read, has no context of that length, or cannot continue such texts.</exception>
    public static async Task<IReadOnlyList<Prompt>> WriteAsync(ChaosSetup setup, ChaosLog log, Action<int, int> progress, CancellationToken cancellation)
    {
        using var checkpoint = Checkpoint.Open(setup.Model);
        var contextMax = checkpoint.Config.ContextLength - GeneratedMin;
        if (setup.Contexts.Max() > contextMax)
            throw new UserErrorException(UserErrorKind.Options, "--contexts", $"at most {contextMax} of the model's {checkpoint.Config.ContextLength} tokens", $"{setup.Contexts.Max()}", "Take shorter prompts.");
        var tokenizer = Tokenizer.Load(checkpoint);
        var random = new SplitMix64(setup.Seed);
        var prompts = new List<Prompt>();
        for (var round = 0; round < PerContext; round++)
        {
            foreach (var context in setup.Contexts)
            {
                progress(prompts.Count, PerContext * setup.Contexts.Count);
                prompts.Add(await WriteAsync(setup, context, round, checkpoint.Config.ContextLength, tokenizer, random, log, cancellation));
            }
        }

        return prompts;
    }

    private static async Task<Prompt> WriteAsync(
        ChaosSetup setup, int context, int round, int contextLength, Tokenizer tokenizer, SplitMix64 random, ChaosLog log, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "--max-tokens", $"{Math.Min(setup.TokensMax, contextLength - context)}", "--temperature", round == 0 ? "0" : "0.9", "--seed", $"{random.Next(1 << 20)}",
            "--threads", "1", .. setup.ModelArguments, "--json",
        ];
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var prompt = new Prompt(Prompt.TextOf(context, tokenizer, random), context, arguments);
            using var run = new DeviceSession($"run{context}-{round + 1}", ["run", prompt.Text, .. setup.PlanArguments, .. arguments], log);
            var exitCode = await run.Ended.WaitAsync(cancellation);
            if (exitCode != ExitCode.Success || run.Text.End is null || run.Text.PromptTokens != context)
                throw new UserErrorException(UserErrorKind.Checkpoint, setup.Model, $"a model that `splitactors run` continues a text of {context} tokens with", run.Errors, "Correct it, or take another.");
            if (run.Text.Tokens.Count >= GeneratedMin)
                return prompt with { Expected = run.Text };
        }

        throw new UserErrorException(UserErrorKind.Checkpoint, setup.Model, $"a model that goes on for {GeneratedMin} tokens", $"{AttemptsMax} texts that it ends before", "Take another.");
    }
}
