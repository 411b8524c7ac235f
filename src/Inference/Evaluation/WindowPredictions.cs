using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Evaluation;

/// <summary>What a model says of each token of a window.</summary>
internal sealed class WindowPredictions(int tokenCountMax)
{
    private readonly double[] _logProbabilities = new double[tokenCountMax];
    private readonly int[] _mostLikely = new int[tokenCountMax];

    /// <summary>Of the token that does follow, in nats.</summary>
    public ReadOnlySpan<double> LogProbabilities => _logProbabilities;

    /// <summary>The token that greedy decoding takes: the first of the largest logits.</summary>
    public ReadOnlySpan<int> MostLikely => _mostLikely;

    /// <summary>Of the window's first tokens together, in nats.</summary>
    public double LogLikelihood(int tokenCount)
    {
        var sum = 0.0;
        foreach (var logProbability in _logProbabilities.AsSpan(0, tokenCount))
            sum += logProbability;
        return sum;
    }

    /// <param name="first">The window's token that the first row predicts.</param>
    /// <param name="logits">[n, V]</param>
    /// <param name="targets">[n]</param>
    /// <param name="threads">Share the rows.</param>
    public void Fill(int first, ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, ComputeThreads threads)
    {
        var work = new RowPredictions(logits, targets, _logProbabilities.AsSpan(first), _mostLikely.AsSpan(first));
        threads.Run(ref work, targets.Length);
    }

    private readonly ref struct RowPredictions(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, Span<double> logProbabilities, Span<int> mostLikely) : IParallelWork
    {
        private readonly ReadOnlySpan<float> _logits = logits;
        private readonly ReadOnlySpan<int> _targets = targets;
        private readonly Span<double> _logProbabilities = logProbabilities;
        private readonly Span<int> _mostLikely = mostLikely;

        public void Execute(int chunk, int thread)
        {
            var width = _logits.Length / _targets.Length;
            var row = _logits.Slice(chunk * width, width);
            _logProbabilities[chunk] = Perplexity.LogProbability(row, _targets[chunk]);
            _mostLikely[chunk] = IndexOfMax(row);
        }

        private static int IndexOfMax(ReadOnlySpan<float> logits)
        {
            var best = 0;
            for (var token = 1; token < logits.Length; token++)
            {
                if (logits[token] > logits[best])
                    best = token;
            }

            return best;
        }
    }
}
