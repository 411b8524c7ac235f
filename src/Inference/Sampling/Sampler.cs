using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Sampling;

/// <summary>
/// Draws tokens: repetition penalty, temperature, top-k, top-p, min-p, then one draw with the counter-based uniform number of
/// (seed, position). The same logits, options, history and position give the same token on every machine.
/// Keeps scratch buffers, so one instance belongs to one thread at a time.
/// </summary>
public sealed class Sampler
{
    private readonly HashSet<int> _seen = [];
    private readonly List<Candidate> _candidates = [];
    private readonly PriorityQueue<Candidate, Candidate> _best = new(Comparer<Candidate>.Create((a, b) => b.CompareTo(a)));
    private float[] _weights = [];

    /// <param name="logits">[V]; overwritten when a repetition penalty applies.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="generated">The tokens generated so far, for the repetition penalty.</param>
    /// <param name="position">Position that the drawn token will have in its sequence.</param>
    /// <returns>A token id.</returns>
    /// <exception cref="NonFiniteLogitsException">A logit is NaN or infinite.</exception>
    public int Sample(Span<float> logits, SamplingOptions options, ReadOnlySpan<int> generated, int position)
    {
        Penalize(logits, options.RepetitionPenalty, generated);
        var mostLikely = IndexOfMaximum(logits);
        if (!float.IsFinite(logits[mostLikely]))
            throw new NonFiniteLogitsException(mostLikely, position, logits[mostLikely]);
        if (options.Temperature == 0)
            return mostLikely;

        var totalWeight = ComputeWeights(logits, logits[mostLikely], options.Temperature);
        var candidateWeight = CollectCandidates(logits, options, totalWeight);
        var kept = CountKept(options, candidateWeight);
        return Draw(kept, Philox.Uniform(options.Seed, position));
    }

    private void Penalize(Span<float> logits, float penalty, ReadOnlySpan<int> generated)
    {
        if (penalty == 1)
            return;
        _seen.Clear();
        foreach (var token in generated)
        {
            if (_seen.Add(token))
                logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
        }
    }

    /// <summary>The lowest id among the largest logits; or, if one is NaN or infinite, the first such.</summary>
    private static int IndexOfMaximum(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (!float.IsFinite(logits[i]))
                return i;
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }

    /// <summary>Weights e^((logit − max)/T), and their sum.</summary>
    private double ComputeWeights(ReadOnlySpan<float> logits, float max, float temperature)
    {
        Array.Resize(ref _weights, logits.Length);
        for (var token = 0; token < logits.Length; token++)
            _weights[token] = (logits[token] - max) / temperature;
        VectorMath.Exp(_weights);

        var total = 0.0;
        foreach (var weight in _weights)
            total += weight;
        return total;
    }

    /// <summary>
    /// Candidates after top-k, from the most likely on; all tokens by id where no option cuts any off, since sorting 128,256 of them takes
    /// tens of milliseconds. Without top-k two kinds of tokens are left out before sorting: those that min-p drops, and
    /// those whose probability is below (1 − p)/V, which together hold less than 1 − p, so that top-p drops every one of them.
    /// </summary>
    /// <returns>The weight that top-p counts as 1: of the k best, or of all tokens.</returns>
    private double CollectCandidates(ReadOnlySpan<float> logits, SamplingOptions options, double totalWeight)
    {
        _candidates.Clear();
        var weightMin = options.TopK > 0 ? 0 : Math.Max(options.MinP, (1 - options.TopP) * totalWeight / _weights.Length);
        for (var token = 0; token < _weights.Length; token++)
        {
            var candidate = new Candidate(token, logits[token], _weights[token]);
            if (candidate.Weight < weightMin)
                continue;
            if (options.TopK == 0)
                _candidates.Add(candidate);
            else if (_best.Count < options.TopK)
                _best.Enqueue(candidate, candidate);
            else
                _best.EnqueueDequeue(candidate, candidate);
        }

        while (_best.TryDequeue(out var candidate, out _))
            _candidates.Add(candidate);
        if (options.TopK > 0 || weightMin > 0)
            _candidates.Sort();
        return options.TopK > 0 ? SumOfWeights(_candidates.Count) : totalWeight;
    }

    /// <summary>How many candidates both top-p and min-p keep. The most likely one has weight 1 and is always kept.</summary>
    private int CountKept(SamplingOptions options, double candidateWeight)
    {
        var target = options.TopP < 1 ? options.TopP * candidateWeight : double.PositiveInfinity;
        var mass = 0.0;
        var count = 0;
        while (count < _candidates.Count && (count == 0 || (mass < target && _candidates[count].Weight >= options.MinP)))
            mass += _candidates[count++].Weight;
        return count;
    }

    private int Draw(int count, double uniform)
    {
        var target = uniform * SumOfWeights(count);
        for (var i = 0; i < count - 1; i++)
        {
            target -= _candidates[i].Weight;
            if (target < 0)
                return _candidates[i].Token;
        }

        return _candidates[count - 1].Token;
    }

    private double SumOfWeights(int count)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i++)
            sum += _candidates[i].Weight;
        return sum;
    }

    /// <summary>Sorted by falling logit (different logits may have equal weights), equals by rising id.</summary>
    private readonly record struct Candidate(int Token, float Logit, float Weight) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other) => Logit != other.Logit ? other.Logit.CompareTo(Logit) : Token.CompareTo(other.Token);
    }
}
