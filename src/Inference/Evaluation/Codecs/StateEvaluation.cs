namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>What a codec does to states that no model made.</summary>
/// <param name="Codec">Its name.</param>
/// <param name="Family">Of codecs that differ in settings alone.</param>
/// <param name="Link">Bytes and times.</param>
/// <param name="CleanError">Σ(x̃ − x)² / Σx² over the values with |x| &lt; <see cref="HeavyTailedState.CleanMagnitudeMax"/>.</param>
/// <param name="OutlierError">The same over the others.</param>
public sealed record StateMeasurement(string Codec, string Family, LinkFigures Link, double CleanError, double OutlierError);

/// <summary>Measures codecs on <see cref="HeavyTailedState"/>s: what splitting off outliers is worth for the values that stay.</summary>
public static class StateEvaluation
{
    private const int WindowTokens = 256;

    /// <param name="state">What is sent.</param>
    /// <param name="rowCount">Tokens, at least 1.</param>
    /// <param name="codecs">Measured in this order.</param>
    /// <param name="clock">Takes the codecs' times.</param>
    /// <param name="progress">Told after each codec; may end the measurement by an exception.</param>
    public static IReadOnlyList<StateMeasurement> Run(
        HeavyTailedState state, int rowCount, IReadOnlyList<CodecChoice> codecs, TimeProvider clock, IProgress<EvaluationProgress>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCount);
        var tallies = codecs.Select(codec => new Tally(new MeasuredLink(codec.Open(new CodecPlace(SplitLayer: 0)), state.Width, clock))).ToArray();
        var tokens = new int[WindowTokens];
        var sent = new float[WindowTokens * state.Width];     // [n, d]
        var received = new float[sent.Length];
        for (var row = 0; row < rowCount; row += WindowTokens)
        {
            var count = Math.Min(WindowTokens, rowCount - row);
            var window = sent.AsSpan(0, count * state.Width);
            state.Fill(row, window);
            for (var codec = 0; codec < tallies.Length; codec++)
            {
                progress?.Report(new EvaluationProgress((row + ((double)codec * count / codecs.Count)) / rowCount, row, rowCount));
                tallies[codec].Cross(window, received, tokens.AsSpan(0, count));
            }
        }

        progress?.Report(new EvaluationProgress(1, rowCount, rowCount));
        return [.. codecs.Zip(tallies, (codec, tally) => new StateMeasurement(codec.Name, codec.Family, tally.Link.Figures, tally.Clean.Relative, tally.Outliers.Relative))];
    }

    private sealed class Tally(MeasuredLink link)
    {
        public MeasuredLink Link => link;

        public SquaredError Clean { get; private set; }

        public SquaredError Outliers { get; private set; }

        public void Cross(ReadOnlySpan<float> sent, Span<float> received, ReadOnlySpan<int> tokens)
        {
            received = received[..sent.Length];
            sent.CopyTo(received);
            link.Cross(received, tokens);
            var (clean, outliers) = (Clean, Outliers);
            for (var i = 0; i < sent.Length; i++)
            {
                if (MathF.Abs(sent[i]) < HeavyTailedState.CleanMagnitudeMax)
                    clean = clean.Add(sent[i], received[i]);
                else
                    outliers = outliers.Add(sent[i], received[i]);
            }

            (Clean, Outliers) = (clean, outliers);
        }
    }

    private readonly record struct SquaredError(double Error, double Energy)
    {
        public double Relative => Energy > 0 ? Error / Energy : 0;

        public SquaredError Add(double sent, double received) => new(Error + ((received - sent) * (received - sent)), Energy + (sent * sent));
    }
}
