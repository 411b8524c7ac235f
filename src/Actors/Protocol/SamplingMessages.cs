using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Protocol;

internal static class SamplingMessages
{
    public static Sampling ToMessage(this SamplingOptions options) => new()
    {
        Temperature = options.Temperature,
        TopK = (uint)options.TopK,
        TopP = options.TopP,
        MinP = options.MinP,
        RepetitionPenalty = options.RepetitionPenalty,
        Seed = options.Seed,
    };

    public static SamplingOptions ToOptions(this Sampling message) => new()
    {
        Temperature = message.Temperature,
        TopK = (int)Math.Min(message.TopK, int.MaxValue),
        TopP = message.TopP,
        MinP = message.MinP,
        RepetitionPenalty = message.RepetitionPenalty,
        Seed = message.Seed,
    };
}
