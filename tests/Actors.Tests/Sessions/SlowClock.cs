using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Lets virtual time pass at each reading: an engine that measures itself takes time with it.</summary>
internal sealed class SlowClock(VirtualTimeProvider clock) : TimeProvider
{
    public TimeSpan PerReading { get; set; }

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override long GetTimestamp()
    {
        clock.Advance(PerReading);
        return clock.GetTimestamp();
    }
}
