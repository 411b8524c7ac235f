using SplitActors.Actors.Protocol;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class PartialMessagesTests
{
    private static readonly RabbitMqOptions Options = new()
    {
        Host = "",
        User = "u",
        Password = "",
        PartialCountMax = 3,
        PartialCountPerUserMax = 2,
        PartialBytesMax = 250,
        PartialBytesPerUserMax = 150,
    };

    private readonly PartialMessages _partials = new(Options);

    [Fact]
    public void Header_RoundTrips_AndNothingElseIsOne()
    {
        Span<byte> bytes = stackalloc byte[PartHeader.ByteCountMax + 1];
        foreach (var header in new[] { PartHeader.Whole, new(PartKind.Part, uint.MaxValue, 7, 9) })
        {
            header.Write(bytes);
            Assert.True(PartHeader.TryRead(bytes[..(header.ByteCount + 1)], out var read));
            Assert.Equal(header, read);
        }

        Assert.True(PartHeader.TryRead([(byte)PartKind.Probe], out var probe));
        Assert.Equal(PartHeader.Probe, probe);
        Assert.False(PartHeader.TryRead([], out _));
        Assert.False(PartHeader.TryRead([0], out _));
        Assert.False(PartHeader.TryRead([4, 0], out _));
        Assert.False(PartHeader.TryRead(bytes[..PartHeader.ByteCountMax], out _)); // without any byte of the message
        Assert.False(PartHeader.TryRead([2, 0, 0, 0, 0, 2, 0, 2, 0, 1], out _)); // part 2 of 2, from 0
        Assert.False(PartHeader.TryRead([2, 0, 0, 0, 0, 0, 0, 1, 0, 1], out _)); // a single part
    }

    [Fact]
    public void Header_OfAnyBytes_NeverThrows()
    {
        var random = new SplitMix64(3);
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = new byte[random.Next(14)];
            for (var index = 0; index < bytes.Length; index++)
                bytes[index] = (byte)random.Next(index == 0 ? 5 : 256);
            if (PartHeader.TryRead(bytes, out var header))
                Assert.InRange(header.Index, 0, header.Count - 1);
        }
    }

    [Fact]
    public void Parts_InOrder_GiveTheMessage_AndLeaveNothing()
    {
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "a", 0, 3, [1, 2]).Status);
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "b", 0, 2, [9]).Status);
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "a", 1, 3, [3]).Status);
        var (status, message) = Add("u", "a", 2, 3, [4]);
        Assert.Equal(ArrivalStatus.Ok, status);
        Assert.Equal([1, 2, 3, 4], message);
        Assert.Equal([9, 8], Add("u", "b", 1, 2, [8]).Message);
        Assert.Equal((0, 0L), (_partials.Count, _partials.ByteCount));
    }

    [Fact]
    public void PartThatDoesNotFollow_EndsItsMessage()
    {
        Add("u", "a", 0, 3, [1]);
        Assert.Equal(ArrivalStatus.PartsMissing, Add("u", "a", 2, 3, [3]).Status);
        Assert.Equal(ArrivalStatus.PartsMissing, Add("u", "a", 1, 3, [2]).Status);
        Add("u", "a", 0, 3, [1]);
        Assert.Equal(ArrivalStatus.PartsMissing, Add("u", "a", 1, 3, [2], messageId: 5).Status);
        Add("u", "a", 0, 3, [1]);
        Assert.Equal(ArrivalStatus.PartsMissing, Add("u", "a", 1, 4, [2]).Status);
        Assert.Equal((0, 0L), (_partials.Count, _partials.ByteCount));
    }

    [Fact]
    public void NewMessage_ReplacesTheOneThatWasNotEnded()
    {
        Add("u", "a", 0, 3, [1]);
        Add("u", "a", 0, 2, [5], messageId: 2);
        Assert.Equal([5, 6], Add("u", "a", 1, 2, [6], messageId: 2).Message);
        Add("u", "a", 0, 3, [1]);
        _partials.Drop("to", "a");
        Assert.Equal((0, 0L), (_partials.Count, _partials.ByteCount));
    }

    [Fact]
    public void Messages_AreBoundedInNumber_ForAUserAndInAll()
    {
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "a", 0, 2, [1]).Status);
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "b", 0, 2, [1]).Status);
        Assert.Equal(ArrivalStatus.TooManyPartials, Add("u", "c", 0, 2, [1]).Status);
        Assert.Equal(ArrivalStatus.Incomplete, Add("v", "d", 0, 2, [1]).Status);
        Assert.Equal(ArrivalStatus.TooManyPartials, Add("w", "e", 0, 2, [1]).Status);
        Assert.Equal(3, _partials.Count);
    }

    [Fact]
    public void Messages_AreBoundedInBytes_ForAUserAndInAll()
    {
        Assert.Equal(ArrivalStatus.Incomplete, Add("u", "a", 0, 3, new byte[100]).Status);
        Assert.Equal(ArrivalStatus.TooManyPartials, Add("u", "b", 0, 3, new byte[60]).Status);
        Assert.Equal(ArrivalStatus.Incomplete, Add("v", "c", 0, 3, new byte[120]).Status);
        Assert.Equal(ArrivalStatus.TooManyPartials, Add("w", "d", 0, 3, new byte[40]).Status);
        Assert.Equal(220, _partials.ByteCount);
    }

    [Fact]
    public void MessageThatIsLongerThanAny_IsDropped()
    {
        var partials = new PartialMessages(new RabbitMqOptions { Host = "", User = "u", Password = "" });
        var part = new byte[Envelopes.BytesMax];
        Assert.Equal(ArrivalStatus.Incomplete, partials.Add("to", "a", "u", new(PartKind.Part, 1, 0, 9), part, TimeSpan.Zero, out _));
        Assert.Equal(ArrivalStatus.TooLarge, partials.Add("to", "a", "u", new(PartKind.Part, 1, 1, 9), [1], TimeSpan.Zero, out _));
        Assert.Equal(0, partials.ByteCount);
    }

    [Fact]
    public void OldMessages_AreDropped_ThoseThatGrowStay()
    {
        Add("u", "a", 0, 9, [1]);
        Add("u", "b", 0, 9, [1]);
        Add("u", "b", 1, 9, [1], now: Options.PartialAgeMax);
        Assert.Equal(1, _partials.DropOld(Options.PartialAgeMax * 1.5));
        Assert.Equal((1, 2L), (_partials.Count, _partials.ByteCount));
    }

    private (ArrivalStatus Status, byte[] Message) Add(string user, string from, ushort index, ushort count, byte[] part, uint messageId = 1, TimeSpan now = default)
    {
        var status = _partials.Add("to", from, user, new PartHeader(PartKind.Part, messageId, index, count), part, now, out var message);
        return (status, message.ToArray());
    }
}
