using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Sampling;

/// <summary>The sampling options that a checkpoint recommends in <c>generation_config.json</c>.</summary>
public static class GenerationDefaults
{
    /// <summary>
    /// Without that file, or with <c>do_sample</c> false or absent: greedy. A value out of its range, such as the −1 that others write for none, is told of
    /// (<see cref="CheckpointOpenOptions.Warn"/>) and limits nothing: an option may replace it.
    /// </summary>
    /// <exception cref="UserErrorException">The file is damaged.</exception>
    public static SamplingOptions Read(Checkpoint checkpoint)
    {
        if (checkpoint.TryReadJson(Checkpoint.GenerationConfigFileName) is not { } defaults)
            return SamplingOptions.Greedy;

        var penalty = Read("repetition_penalty", value => value.PositiveNumber(whenAbsent: 1), 1);
        if (!defaults.Field("do_sample").Flag(whenAbsent: false))
            return SamplingOptions.Greedy with { RepetitionPenalty = penalty };

        return new SamplingOptions
        {
            Temperature = Read("temperature", value => value.Number(whenAbsent: 1, min: 0), 1),
            TopK = Read("top_k", value => value.Integer(min: 0, max: int.MaxValue, whenAbsent: 0), 0),
            TopP = defaults.Field("top_p").Is(0) ? Read("top_p", Fraction, float.Epsilon, "The likeliest token is taken.") : Read("top_p", Fraction, 1),
            MinP = Read("min_p", value => value.Number(whenAbsent: 0, min: 0, max: 1), 0),
            RepetitionPenalty = penalty,
        };

        T Read<T>(string name, Func<JsonField, T> read, T instead, string consequence = "It is ignored.") =>
            defaults.Field(name).OrElse(read, instead, consequence, checkpoint.Warn);

        static float Fraction(JsonField value) => value.PositiveNumber(whenAbsent: 1, max: 1);
    }
}
