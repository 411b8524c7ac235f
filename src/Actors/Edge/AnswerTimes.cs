namespace SplitActors.Actors.Edge;

/// <summary>How long answers took so far, in microseconds, smoothed as for TCP's retransmission timer [RFC 6298].</summary>
public readonly record struct AnswerTimes(double MeanUs, double DeviationUs)
{
    private const double MeanGain = 1.0 / 8;
    private const double DeviationGain = 1.0 / 4;
    private const double DeviationsMax = 4;

    /// <summary>By then an answer has come, unless something was lost.</summary>
    public TimeSpan LateAfter => LateAfterAll(1);

    /// <param name="earlier">Null for none.</param>
    /// <param name="answeredUs">Of one that was asked for only once.</param>
    public static AnswerTimes After(AnswerTimes? earlier, double answeredUs) => earlier is { } times
        ? new(
            times.MeanUs + (MeanGain * (answeredUs - times.MeanUs)),
            times.DeviationUs + (DeviationGain * (Math.Abs(answeredUs - times.MeanUs) - times.DeviationUs)))
        : new(answeredUs, answeredUs / 2);

    /// <summary>By then so many have come, one after the other.</summary>
    public TimeSpan LateAfterAll(long count) => TimeSpan.FromMicroseconds(count * (MeanUs + (DeviationsMax * DeviationUs)));
}
