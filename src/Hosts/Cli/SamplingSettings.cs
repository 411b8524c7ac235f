using SplitActors.Inference;
using SplitActors.Inference.Sampling;

namespace SplitActors.Hosts.Cli;

/// <summary>How a user wants tokens to be drawn.</summary>
internal static class SamplingSettings
{
    private const int PenaltyMost = 1000; // either way; a logit stays finite

    /// <summary>Changes the model's own options to what was asked for.</summary>
    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static Func<SamplingOptions, SamplingOptions> Read(SettingReader settings)
    {
        var temperature = settings.Single(RunSettings.Temperature, "a number of at least 0", value => value >= 0);
        var topK = settings.Integer(RunSettings.TopK, 0, int.MaxValue);
        var topP = settings.Single(RunSettings.TopP, "a number above 0 and at most 1", value => value is > 0 and <= 1);
        var minP = settings.Single(RunSettings.MinP, "a number from 0 to 1", value => value is >= 0 and <= 1);
        var penalty = settings.Single(
            RunSettings.RepetitionPenalty, $"a number from 1/{PenaltyMost} to {PenaltyMost}", value => value is >= 1f / PenaltyMost and <= PenaltyMost);
        var seed = settings.Unsigned(RunSettings.Seed);
        return model => model with
        {
            Temperature = temperature ?? model.Temperature,
            TopK = topK ?? model.TopK,
            TopP = topP ?? model.TopP,
            MinP = minP ?? model.MinP,
            RepetitionPenalty = penalty ?? model.RepetitionPenalty,
            Seed = seed ?? model.Seed,
        };
    }
}
