using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Sampling;

/// <summary>The sampling options that a checkpoint recommends in <c>generation_config.json</c>.</summary>
public static class GenerationDefaults
{
    /// <summary>Without that file, or with <c>do_sample</c> false or absent: greedy.</summary>
    /// <exception cref="UserErrorException">The file is damaged, or a value is out of its range.</exception>
    public static SamplingOptions Read(Checkpoint checkpoint)
    {
        if (checkpoint.TryReadJson(Checkpoint.GenerationConfigFileName) is not { } defaults)
            return SamplingOptions.Greedy;

        var penalty = defaults.Field("repetition_penalty").PositiveNumber(whenAbsent: 1);
        if (!defaults.Field("do_sample").Flag(whenAbsent: false))
            return SamplingOptions.Greedy with { RepetitionPenalty = penalty };

        return new SamplingOptions
        {
            Temperature = defaults.Field("temperature").Number(whenAbsent: 1, min: 0),
            TopK = defaults.Field("top_k").Integer(min: 0, max: int.MaxValue, whenAbsent: 0),
            TopP = defaults.Field("top_p").PositiveNumber(whenAbsent: 1, max: 1),
            MinP = defaults.Field("min_p").Number(whenAbsent: 0, min: 0, max: 1),
            RepetitionPenalty = penalty,
        };
    }
}
