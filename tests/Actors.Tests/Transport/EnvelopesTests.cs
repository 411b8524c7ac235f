using System.Text.RegularExpressions;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport;

public sealed partial class EnvelopesTests
{
    [Fact]
    public void EveryBody_WithAnyFields_RoundTrips()
    {
        var messages = new ArbitraryMessages(new SplitMix64(1));
        Assert.Equal(Envelope.Descriptor.Oneofs.Single().Fields.Count, ArbitraryMessages.BodyCount);
        for (var body = 0; body < ArbitraryMessages.BodyCount; body++)
        {
            for (var i = 0; i < 50; i++)
            {
                var message = messages.Next(body);
                Assert.Equal(EnvelopeStatus.Ok, Envelopes.Read(Envelopes.Wrap(message).ToByteArray(), out var read));
                Assert.Equal(message.ToByteArray(), read!.ToByteArray());
                Assert.IsType(message.GetType(), read);
            }
        }
    }

    [Fact]
    public void Wrap_OfWhatIsNoBody_Throws() => Assert.Throws<ArgumentException>(() => Envelopes.Wrap(new Sampling()));

    [Fact]
    public void Read_OfANewerMessage_SaysSo()
    {
        // Field 99, two bytes long, as a newer version might add it.
        Assert.Equal(EnvelopeStatus.UnknownBody, Envelopes.Read([0x9A, 0x06, 0x02, 0x08, 0x01], out var body));
        Assert.Null(body);
        Assert.Equal(EnvelopeStatus.UnknownBody, Envelopes.Read([], out _));
    }

    [Fact]
    public void Read_OfAKnownMessageWithANewField_KeepsTheKnownOnes()
    {
        byte[] nack = [.. new Nack { SessionId = 3, ExpectedPosition = 7 }.ToByteArray(), 0x9A, 0x06, 0x01, 0x2A];
        byte[] bytes = [0x52, (byte)nack.Length, .. nack];
        Assert.Equal(EnvelopeStatus.Ok, Envelopes.Read(bytes, out var body));

        Assert.Equal((3ul, 7u), Assert.IsType<Nack>(body) is { } read ? (read.SessionId, read.ExpectedPosition) : default);
        Assert.Equal(new Nack { SessionId = 3, ExpectedPosition = 7 }.ToByteArray(), body.ToByteArray()); // what nobody knows is not kept in memory
    }

    /// <summary>A number that may be missing is optional: with a 0 that says so, no size and no time could be 0.</summary>
    [Fact]
    public void Fields_ThatMayBeMissing_AreOptional_AndNoZeroStandsForThat()
    {
        var lines = File.ReadAllLines(Repository.PathTo("src", "Actors", "Protocol", "splitactors.proto"));
        Assert.DoesNotContain(lines, line => ZeroSentinel().IsMatch(line));
        Assert.All(lines.Where(line => line.Contains("; absent", StringComparison.Ordinal) && line.Contains(" = ", StringComparison.Ordinal) && !char.IsUpper(line.TrimStart()[0])),
            line => Assert.StartsWith("  optional ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_OfDamagedBytes_NeverThrows()
    {
        var random = new SplitMix64(2);
        var messages = new ArbitraryMessages(random);
        var statuses = new HashSet<EnvelopeStatus>();
        for (var i = 0; i < 5000; i++)
        {
            var bytes = Envelopes.Wrap(messages.Next()).ToByteArray();
            for (var damages = random.Next(4); damages >= 0 && bytes.Length > 0; damages--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(2) == 0)
                bytes = bytes[..random.Next(bytes.Length + 1)];
            var status = Envelopes.Read(bytes, out var body);
            Assert.Equal(status == EnvelopeStatus.Ok, body is not null);
            statuses.Add(status);
        }

        Assert.Equal([EnvelopeStatus.Ok, EnvelopeStatus.Malformed, EnvelopeStatus.UnknownBody], statuses.Order());
    }

    [Fact]
    public void Read_OfTooManyBytes_SaysSoWithoutParsing() =>
        Assert.Equal(EnvelopeStatus.TooLarge, Envelopes.Read(new byte[Envelopes.BytesMax + 1], out _));

    [Fact]
    public void Read_OfDeepNesting_NeverThrows()
    {
        // 200 groups within each other: beyond the parser's recursion limit.
        var bytes = Enumerable.Repeat((byte)0x0B, 200).ToArray();
        Assert.Equal(EnvelopeStatus.Malformed, Envelopes.Read(bytes, out _));
    }

    [GeneratedRegex(@"//.*\b0: ", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ZeroSentinel();
}
