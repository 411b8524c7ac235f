namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// Limits how many messages of one user are looked at: at most so many at once, and so many a second for ever. What is dropped here costs least: nobody reads or
/// answers it, so that the queue in front stays short for others. Thread-safe.
/// </summary>
internal sealed class UserRates(RabbitMqOptions options)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _period = TimeSpan.FromSeconds(1) / options.DeviceMessagesPerSecondMax;
    private readonly TimeSpan _ahead = TimeSpan.FromSeconds(1) / options.DeviceMessagesPerSecondMax * options.DeviceMessagesAtOnceMax;

    /// <summary>When those that were taken would have arrived at the even rate; of users that the broker knows, which bounds their number.</summary>
    private readonly Dictionary<string, TimeSpan> _paidUntil = new(StringComparer.Ordinal);

    public bool TryTake(string user, TimeSpan now)
    {
        lock (_lock)
        {
            var from = _paidUntil.GetValueOrDefault(user);
            if (from < now)
                from = now;
            if (from + _period - now > _ahead)
                return false;
            _paidUntil[user] = from + _period;
            return true;
        }
    }
}
