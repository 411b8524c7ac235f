using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class UserRatesTests
{
    private readonly UserRates _rates = new(new RabbitMqOptions { Host = "localhost", User = "w1", Password = "", DeviceMessagesPerSecondMax = 10, DeviceMessagesAtOnceMax = 20 });

    [Fact]
    public void Burst_IsTaken_UpToItsBound()
    {
        Assert.Equal(20, TakenOf(100, "d1", 5));
        Assert.Equal(20, TakenOf(100, "d2", 5)); // each by itself
    }

    [Fact]
    public void Flood_IsTakenAtTheRate()
    {
        TakenOf(100, "d1", 5);
        Assert.Equal(10, TakenOf(100, "d1", 6));
        Assert.Equal(5, TakenOf(100, "d1", 6.5));
        Assert.Equal(20, TakenOf(100, "d1", 1000)); // a pause is no credit for more than a burst
    }

    [Fact]
    public void EvenStream_IsTaken() => Assert.Equal(1000, Enumerable.Range(0, 1000).Count(i => _rates.TryTake("d1", TimeSpan.FromSeconds(i / 10.0))));

    private int TakenOf(int count, string user, double seconds) => Enumerable.Range(0, count).Count(_ => _rates.TryTake(user, TimeSpan.FromSeconds(seconds)));
}
