namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>What a codec does to states that no model made.</summary>
/// <param name="Codec">Its name.</param>
/// <param name="Family">Of codecs that differ in settings alone.</param>
/// <param name="Link">Bytes and times.</param>
/// <param name="Error">RMS(x̃ − x) ÷ RMS(x) over all values.</param>
/// <param name="CleanError">The same over the values with |x| &lt; <see cref="HeavyTailedState.CleanMagnitudeMax"/> alone: the state without its outliers.</param>
/// <param name="LargestError">max |x̃ − x|</param>
public sealed record StateMeasurement(string Codec, string Family, LinkFigures Link, double Error, double CleanError, double LargestError);

/// <summary>Measures codecs on <see cref="HeavyTailedState"/>s: what splitting off outliers is worth for the values that stay.</summary>
public static class StateEvaluation
{
    private const int WindowTokens = 256;

    /// <param name="state">What is sent.</param>
    /// <param name="tokenCount">Tokens, at least 1.</param>
    /// <param name="codecs">Measured in this order.</param>
    /// <param name="clock">Takes the codecs' times.</param>
    /// <param name="progress">Told after each codec; may end the measurement by an exception.</param>
    public static IReadOnlyList<StateMeasurement> Run(
        HeavyTailedState state, int tokenCount, IReadOnlyList<CodecChoice> codecs, TimeProvider clock, IProgress<EvaluationProgress>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCount);
        var tallies = codecs.Select(codec => new Tally(new MeasuredLink(codec.Open(new CodecPlace(SplitLayer: 0)), state.Width, clock))).ToArray();
        var tokens = new int[WindowTokens];
        var sent = new float[WindowTokens * state.Width];     // [n, d]
        var received = new float[sent.Length];
        for (var row = 0; row < tokenCount; row += WindowTokens)
        {
            var count = Math.Min(WindowTokens, tokenCount - row);
            var window = sent.AsSpan(0, count * state.Width);
            state.Fill(row, window);
            for (var codec = 0; codec < tallies.Length; codec++)
            {
                progress?.Report(new EvaluationProgress((row + ((double)codec * count / codecs.Count)) / tokenCount, row, tokenCount));
                tallies[codec].Cross(window, received, tokens.AsSpan(0, count));
            }
        }

        progress?.Report(new EvaluationProgress(1, tokenCount, tokenCount));
        return [.. codecs.Zip(tallies, (codec, tally) => tally.Measurement(codec))];
    }

    private sealed class Tally(MeasuredLink link)
    {
        private SquaredError _all;
        private SquaredError _clean;
        private double _largest;

        public StateMeasurement Measurement(CodecChoice codec) => new(codec.Name, codec.Family, link.Figures, _all.Relative, _clean.Relative, _largest);

        public void Cross(ReadOnlySpan<float> sent, Span<float> received, ReadOnlySpan<int> tokens)
        {
            received = received[..sent.Length];
            sent.CopyTo(received);
            link.Cross(received, tokens);
            for (var i = 0; i < sent.Length; i++)
            {
                var error = (double)received[i] - sent[i];
                _all.Add(error, sent[i]);
                if (MathF.Abs(sent[i]) < HeavyTailedState.CleanMagnitudeMax)
                    _clean.Add(error, sent[i]);
                _largest = Math.Max(_largest, Math.Abs(error));
            }
        }
    }

    private struct SquaredError
    {
        private double _error;
        private double _energy;

        public readonly double Relative => _energy > 0 ? Math.Sqrt(_error / _energy) : 0;

        public void Add(double error, double value)
        {
            _error += error * error;
            _energy += value * value;
        }
    }
}
