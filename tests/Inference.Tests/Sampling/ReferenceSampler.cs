using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Sampling;

/// <summary>The sampler's rules, one after the other over fully sorted tokens in double precision.</summary>
internal static class ReferenceSampler
{
    /// <summary>The tokens that may be drawn, most likely first (by id where no option cuts any off), with their probabilities.</summary>
    public static List<(int Token, double Probability)> Distribution(float[] logits, SamplingOptions options, int[] generated)
    {
        var penalized = logits.ToArray();
        foreach (var token in generated.Distinct())
            penalized[token] = logits[token] > 0 ? logits[token] / options.RepetitionPenalty : logits[token] * options.RepetitionPenalty;
        var sorted = Enumerable.Range(0, logits.Length).OrderByDescending(token => penalized[token]).ThenBy(token => token).ToList();
        if (options.Temperature == 0)
            return [(sorted[0], 1)];

        var max = penalized[sorted[0]];
        var kept = sorted.ConvertAll(token => (Token: token, Weight: Math.Exp(Math.Max((penalized[token] - max) / options.Temperature, -87))));
        if (options.TopK > 0)
            kept = [.. kept.Take(options.TopK)];
        var total = kept.Sum(candidate => candidate.Weight);
        var mass = 0.0;
        var count = 0;
        while (count < kept.Count && (mass < options.TopP * total || options.TopP == 1))
            mass += kept[count++].Weight;
        kept = [.. kept.Take(count).Where(candidate => candidate.Weight >= options.MinP)];
        if (options is { TopK: 0, TopP: 1, MinP: 0 })
            kept.Sort((a, b) => a.Token.CompareTo(b.Token));
        total = kept.Sum(candidate => candidate.Weight);
        return kept.ConvertAll(candidate => (candidate.Token, candidate.Weight / total));
    }

    /// <summary>
    /// Tokens that may come out for a uniform number: one, or neighbours when it lies within <paramref name="tolerance"/> of where they meet.
    /// </summary>
    public static IEnumerable<int> Draw(List<(int Token, double Probability)> distribution, double uniform, double tolerance)
    {
        var end = 0.0;
        foreach (var (token, probability) in distribution)
        {
            var start = end;
            end += probability;
            if (uniform >= start - tolerance && uniform <= end + tolerance)
                yield return token;
        }
    }
}
