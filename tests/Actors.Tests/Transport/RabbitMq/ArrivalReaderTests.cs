using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class ArrivalReaderTests
{
    private static readonly Arrival Good = new("scheduler", BrokerTopology.Ingress, IsRedelivered: false, "d1", "edge/d1/1");

    private readonly ArrivalReader _reader = new(new RabbitMqOptions { Host = "", User = "scheduler", Password = "" });

    [Fact]
    public void WholeMessage_IsRead()
    {
        Assert.Equal(ArrivalStatus.Ok, Read(Good, Whole(new Nack { SessionId = 3 }), out var body));
        Assert.Equal(new Nack { SessionId = 3 }, body);
    }

    [Fact]
    public void WholeMessage_EndsThePartialOneBeforeIt()
    {
        Assert.Equal(ArrivalStatus.Incomplete, Read(Good, [2, 1, 0, 0, 0, 0, 0, 2, 0, 1], out _));
        Assert.Equal(1, _reader.PartialCount);
        Read(Good, Whole(new Welcome()), out _);
        Assert.Equal(0, _reader.PartialCount);
    }

    [Fact]
    public void Deliveries_ThatAreNoMessages_AreToldApart()
    {
        Assert.Equal(ArrivalStatus.Probe, Read(Good, [(byte)PartKind.Probe], out _));
        Assert.Equal(ArrivalStatus.Malformed, Read(Good, [], out _));
        Assert.Equal(ArrivalStatus.UnknownBody, Read(Good, [1], out _));
        Assert.Equal(ArrivalStatus.Repeated, Read(Good with { IsRedelivered = true }, Whole(new Welcome()), out _));
        Assert.Equal(ArrivalStatus.Forged, Read(Good with { User = null }, Whole(new Welcome()), out _));
        Assert.Equal(ArrivalStatus.Forged, Read(Good with { From = null }, Whole(new Welcome()), out _));
        Assert.Equal(ArrivalStatus.Forged, Read(Good with { From = "edge/d2/1" }, Whole(new Welcome()), out _));
        Assert.Equal(ArrivalStatus.Forged, Read(Good with { Exchange = "" }, [], out _));
    }

    [Fact]
    public void DamagedDeliveries_NeverThrow_AndKeepNothingBeyondTheirBounds()
    {
        var random = new SplitMix64(5);
        var messages = new ArbitraryMessages(random);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = Whole(messages.Next());
            for (var damages = random.Next(4); damages >= 0; damages--)
                bytes[random.Next(Math.Min(bytes.Length, 16))] = (byte)random.Next(8);
            var status = Read(Good with { From = $"edge/d1/{random.Next(20)}" }, bytes, out var body);
            Assert.Equal(status == ArrivalStatus.Ok, body is not null);
            Assert.InRange(_reader.PartialCount, 0, 4);
        }
    }

    [Fact]
    public void Drops_AreCounted_AndReportedOncePerUserAndKind()
    {
        var reports = new List<string>();
        var log = new DropLog(reports.Add);
        for (var i = 0; i < 10; i++)
        {
            log.Add(Good, ArrivalStatus.Malformed);
            log.Add(Good with { From = $"edge/d1/{i}" }, ArrivalStatus.Malformed);
            log.Add(Good with { User = "d2" }, ArrivalStatus.Malformed);
            log.Add(Good with { From = "a\nb" + new string('x', 500) }, ArrivalStatus.Forged);
        }

        Assert.Equal(40, log.Count);
        Assert.Equal(3, reports.Count);
        Assert.All(reports, report => Assert.DoesNotContain('\n', report));
        Assert.All(reports, report => Assert.InRange(report.Length, 1, 300));

        for (var i = 0; i < 2 * DropLog.ReportCountMax; i++)
            log.Add(Good with { User = $"{i}" }, ArrivalStatus.Malformed);
        Assert.Equal(DropLog.ReportCountMax, reports.Count);
    }

    private static byte[] Whole(IMessage body) => [(byte)PartKind.Whole, .. Envelopes.Wrap(body).ToByteArray()];

    private ArrivalStatus Read(Arrival arrival, byte[] bytes, out IMessage? body) => _reader.Read(arrival, bytes, TimeSpan.Zero, out body);
}
