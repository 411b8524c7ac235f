using SplitActors.Actors.Simulation;

namespace SplitActors.Actors.Transport.RabbitMq;

internal static class ReconnectPause
{
    private const int DoublingsMax = 30;

    /// <summary>
    /// Doubles with each attempt up to a limit, and is then cut by up to half at random, so that those whom one failure cut off do not all
    /// come back at once.
    /// </summary>
    /// <param name="attempt">From 0.</param>
    public static TimeSpan Before(int attempt, RabbitMqOptions options, SplitMix64 random)
    {
        var doubled = options.ReconnectPause * (1L << Math.Min(attempt, DoublingsMax));
        var pause = doubled < options.ReconnectPauseMax ? doubled : options.ReconnectPauseMax;
        return pause * (1 - ((random.Next() >> 11) * (0.5 / (1L << 53))));
    }
}
