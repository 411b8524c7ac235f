using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Simulation;

public class VirtualTimeProviderTests
{
    private readonly VirtualTimeProvider _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Advance_Clock_MovesUtcAndTimestampTogether()
    {
        var utc = _time.GetUtcNow();
        var timestamp = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(1500));

        Assert.Equal(TimeSpan.FromMilliseconds(1500), _time.GetUtcNow() - utc);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), _time.GetElapsedTime(timestamp));
    }

    [Fact]
    public void Advance_TimersAtEqualTime_FireInCreationOrder()
    {
        var late = Timer("a", Timeout.InfiniteTimeSpan);
        Timer("b", TimeSpan.FromSeconds(2));
        Timer("c", TimeSpan.FromSeconds(1));
        Timer("d", TimeSpan.FromSeconds(2));
        late.Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["c@1", "a@2", "b@2", "d@2"], _fired);
    }

    [Fact]
    public void CreateTimer_Periodic_FiresAtEachPeriodOnTime()
    {
        Timer("p", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(["p@1", "p@3", "p@5"], _fired);
    }

    [Fact]
    public void CreateTimer_ZeroDue_FiresAtNextAdvance()
    {
        Timer("now", TimeSpan.Zero);
        Assert.Empty(_fired);
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(["now@0"], _fired);
    }

    [Fact]
    public void Change_PendingTimer_Replaces()
    {
        var timer = Timer("t", TimeSpan.FromSeconds(1));
        Assert.True(timer.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan));
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(["t@3"], _fired);
    }

    [Fact]
    public void Dispose_PendingTimer_NeverFires()
    {
        var timer = Timer("t", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        timer.Dispose();
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(["t@1"], _fired);
        Assert.False(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        Assert.Null(_time.NextDue);
    }

    [Fact]
    public void Advance_TimerCreatedByTimer_FiresOnTheWay()
    {
        _time.CreateTimer(_ => Timer("inner", TimeSpan.FromSeconds(1)), state: null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(["inner@2"], _fired);
    }

    [Fact]
    public void FireNext_NothingPending_ReturnsFalse() => Assert.False(_time.FireNext());

    private ITimer Timer(string name, TimeSpan due, TimeSpan? period = null) =>
        _time.CreateTimer(_ => _fired.Add($"{name}@{_time.Elapsed.TotalSeconds}"), state: null, due, period ?? Timeout.InfiniteTimeSpan);
}
