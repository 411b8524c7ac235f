using FsCheck.Fluent;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class OutboxTests
{
    private static readonly RabbitMqOptions Options = new() { Host = "", User = "u", Password = "", OutgoingCountMax = 4, OutgoingBytesMax = 100, PartBytesMax = 10 };

    private readonly Outbox _outbox = new(Options);

    [Fact]
    public void ShortMessage_GoesWhole()
    {
        Add("a", "b", 10);
        Assert.True(_outbox.TryTake(out var part));
        Assert.Equal((PartHeader.Whole, 10), (part.Header, part.Bytes.Length));
        Assert.False(_outbox.TryTake(out _));
        Assert.Equal(0, _outbox.Count);
    }

    [Fact]
    public void LongMessage_GoesInParts_AndOthersBetweenThem()
    {
        Add("a", "b", 25);
        Add("c", "b", 3);
        Add("a", "b", 4);
        Assert.Equal([("a", 10), ("c", 3), ("a", 10), ("a", 5), ("a", 4)], TakeAll().Select(part => (part.Message.From, part.Bytes.Length)));
    }

    [Fact]
    public void FullOutbox_SaysWhy()
    {
        for (var i = 0; i < 4; i++)
            Add("a", "b", 1);
        Assert.Equal("4 messages are waiting for the broker already", _outbox.TryAdd(Message("a", "b", 1)));
        TakeAll();
        Add("a", "b", 60);
        Assert.Equal("60 bytes are waiting for the broker already", _outbox.TryAdd(Message("a", "b", 60)));
        TakeAll();
        Add("a", "b", 60);
    }

    [Fact]
    public void Drain_ReturnsWhatIsLeft_OnceEach()
    {
        Add("a", "b", 25);
        Add("c", "d", 1);
        Assert.True(_outbox.TryTake(out _));
        Assert.Equal(["c", "a"], _outbox.Drain().Select(message => message.From), StringComparer.Ordinal);
        Assert.False(_outbox.TryTake(out _));
        Assert.Equal(0, _outbox.Count);
    }

    [Fact]
    public void AnyMessages_ThroughParts_ComeOutAsTheyWere_InOrderForEachPair()
    {
        var messages = Gen.ArrayOf(Gen.Choose(0, 2).SelectMany(_ => Gen.Choose(0, 2), (from, to) => (from, to)).SelectMany(_ => Gen.Choose(0, 45), (pair, length) => (pair.from, pair.to, length)));
        Property.Holds(messages, sent =>
        {
            var options = Options with { OutgoingCountMax = int.MaxValue, OutgoingBytesMax = long.MaxValue };
            var (outbox, partials) = (new Outbox(options), new PartialMessages(options));
            var expected = new Dictionary<(string, string), List<byte[]>>();
            var received = new Dictionary<(string, string), List<byte[]>>();
            for (var i = 0; i < sent.Length; i++)
            {
                var message = Message($"{sent[i].from}", $"{sent[i].to}", sent[i].length, (byte)i);
                Of(expected, message).Add(message.Bytes.ToArray());
                outbox.TryAdd(message);
            }

            while (outbox.TryTake(out var part))
            {
                var bytes = part.Bytes;
                var status = part.Header.Kind == PartKind.Whole
                    ? ArrivalStatus.Ok
                    : partials.Add(part.Message.To, part.Message.From, part.Message.From, part.Header, part.Bytes.Span, TimeSpan.Zero, out bytes);
                if (status == ArrivalStatus.Ok)
                    Of(received, part.Message).Add(bytes.ToArray());
                else if (status != ArrivalStatus.Incomplete)
                    return false;
            }

            return partials.Count == 0 && expected.All(pair => received[pair.Key].Zip(pair.Value).All(both => both.First.SequenceEqual(both.Second)) && received[pair.Key].Count == pair.Value.Count);
        });

        static List<byte[]> Of(Dictionary<(string, string), List<byte[]>> all, OutgoingMessage message)
        {
            if (!all.TryGetValue((message.From, message.To), out var list))
                all[(message.From, message.To)] = list = [];
            return list;
        }
    }

    private static OutgoingMessage Message(string from, string to, int length, byte content = 0)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(content);
        return new OutgoingMessage(from, to, bytes);
    }

    private void Add(string from, string to, int length) => Assert.Null(_outbox.TryAdd(Message(from, to, length)));

    private List<OutgoingPart> TakeAll()
    {
        var parts = new List<OutgoingPart>();
        while (_outbox.TryTake(out var part))
            parts.Add(part);
        return parts;
    }
}
