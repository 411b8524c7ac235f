using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Sampling;

/// <summary>The sampling options that a checkpoint recommends in <c>generation_config.json</c>.</summary>
public static class GenerationDefaults
{
    /// <summary>Without that file, or with <c>do_sample</c> false or absent: greedy.</summary>
    /// <exception cref="UserErrorException">The file is damaged, or a value is out of its range.</exception>
    public static SamplingOptions Read(Checkpoint checkpoint)
    {
        var path = Path.Combine(checkpoint.Folder, Checkpoint.GenerationConfigFileName);
        if (!File.Exists(path))
            return SamplingOptions.Greedy;

        var fields = JsonFields.Parse(path, checkpoint.ReadAllBytes(Checkpoint.GenerationConfigFileName));
        var penalty = fields.PositiveNumber("repetition_penalty", whenAbsent: 1);
        if (!fields.Boolean("do_sample", whenAbsent: false))
            return SamplingOptions.Greedy with { RepetitionPenalty = penalty };

        var sampling = new SamplingOptions
        {
            Temperature = fields.Number("temperature", min: 0, whenAbsent: 1),
            TopK = fields.Integer("top_k", min: 0, max: int.MaxValue, whenAbsent: 0),
            TopP = fields.PositiveNumber("top_p", whenAbsent: 1),
            MinP = fields.Number("min_p", min: 0, whenAbsent: 0),
            RepetitionPenalty = penalty,
        };
        return sampling.FindError() is null
            ? sampling
            : throw new UserErrorException(
                UserErrorKind.Checkpoint, path, "sampling values within their ranges", sampling.FindError()!.Message, "Correct generation_config.json.");
    }
}
