using System.Collections.Concurrent;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Google.Protobuf;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Cluster.Wire;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>Bytes from the network build our messages and Akka's own, and nothing else, whatever they name.</summary>
[Collection(nameof(MeasuresMemory))]
public sealed class StrictSerializationTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int PayloadCount = 100_000;
    private const int SerializerIdMax = 300;
    private const long GrowthMax = 32L << 20;
    private const string Mark = "mark";

    private readonly TestNode _node = new(slot: "gpu1", serves: true);
    private readonly ConcurrentDictionary<Type, int> _arrived = [];
    private int _markCount;

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Payloads_OfEverySerializerId_BuildNothingButOurMessagesAndAkkasOwn()
    {
        await _node.UpAsync(1);
        _node.System.ActorOf(ActorProps.Of(() => new Sink(Arrive)), "sink");
        using var association = new RawAssociation(_node.Port);
        var seed = Environment.TickCount;
        output.WriteLine($"Seed {seed}.");
        var payloads = new HostilePayloads(seed);
        var before = 0L;
        for (var index = 0; index < PayloadCount; index++)
        {
            var id = index % (SerializerIdMax + 2);
            id = id > SerializerIdMax ? PeerSerializer.Id : id;
            var (manifest, message) = payloads.Next(id);
            association.Send("/user/sink", id, manifest, message);
            if (index == PayloadCount / 10)
                before = await SettledBytesAsync(association);
        }

        var growth = await SettledBytesAsync(association) - before;
        output.WriteLine($"Grew by {growth} bytes. Arrived: {string.Join(", ", _arrived.Select(type => $"{type.Key.Name} {type.Value}"))}.");
        Assert.Equal(0, CanaryException.BuiltCount);
        Assert.All(_arrived.Keys, type => Assert.True(IsExpected(type), $"{type.FullName} was built."));
        Assert.InRange(growth, long.MinValue, GrowthMax);
        Assert.False(_node.System.WhenTerminated.IsCompleted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(299)]
    public void Serialization_OfWhatBuildsAnyType_Throws(int id)
    {
        var serialization = _node.System.Serialization;

        Assert.ThrowsAny<SerializationException>(() => serialization.Deserialize("{}"u8.ToArray(), id, typeof(CanaryException).AssemblyQualifiedName!));
        Assert.Equal(0, CanaryException.BuiltCount);
    }

    [Fact]
    public void Serialization_OfATypeThatNobodyRegistered_Throws() =>
        Assert.ThrowsAny<SerializationException>(() => _node.System.Serialization.FindSerializerFor(new CanaryException.Innocent()).ToBinary(new CanaryException.Innocent()));

    /// <summary>After all that was sent before has been read.</summary>
    private async Task<long> SettledBytesAsync(RawAssociation association)
    {
        var marks = Volatile.Read(ref _markCount);
        association.Send("/user/sink", PeerSerializer.Id, "G"u8.ToArray(), new Gone { From = Mark }.ToByteArray());
        await TestNode.UntilAsync(() => Volatile.Read(ref _markCount) > marks, "all is read");
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private void Arrive(object message)
    {
        _arrived.AddOrUpdate(message.GetType(), 1, (_, count) => count + 1);
        if (message is Gone { From: Mark })
            Interlocked.Increment(ref _markCount);
    }

    private static bool IsExpected(Type type) =>
        type.Namespace == typeof(PeerMessage).Namespace || type.Assembly.GetName().Name!.StartsWith("Akka", StringComparison.Ordinal) || type == typeof(string) || type == typeof(int) || type == typeof(long) || type == typeof(byte[]);

    private sealed class Sink(Action<object> arrive) : UntypedActor
    {
        protected override void OnReceive(object message) => arrive(message);
    }
}

/// <summary>Runs alone: what others allocate beside it would count.</summary>
[CollectionDefinition(nameof(MeasuresMemory), DisableParallelization = true)]
public sealed class MeasuresMemory;

/// <summary>Types that bytes may name; each tells if it is built.</summary>
[Serializable]
public sealed class CanaryException : Exception
{
    private static int _builtCount;

    public CanaryException() => Interlocked.Increment(ref _builtCount);

#pragma warning disable SYSLIB0051 // the constructor by which serializers build exceptions that bytes name
    private CanaryException(SerializationInfo info, StreamingContext context)
        : base(info, context) => Interlocked.Increment(ref _builtCount);
#pragma warning restore SYSLIB0051

    public static int BuiltCount => _builtCount;

    public sealed record Innocent;
}

/// <summary>Random bytes, messages of ours with flipped bits, and what names a canary in each way that a serializer might believe.</summary>
internal sealed class HostilePayloads(int seed)
{
    private const int RandomBytesMax = 200;

    private static readonly string CanaryName = typeof(CanaryException).AssemblyQualifiedName!;

    private static readonly byte[][] Manifests =
    [
        .. new[] { "", "M", "C", "A", "G", "W", "ID", "AID", "AR", "STF", "STS", "PP", "K", "CF", "RORRC", "E", "O", "GE", "a", "b", "A1", "Akka.Dispatch.SysMsg.Failed, Akka", "Akka.Dispatch.SysMsg.Create, Akka", "Akka.Remote.DaemonMsgCreate, Akka.Remote", CanaryName }
            .Select(Encoding.UTF8.GetBytes),
    ];

    /// <summary>By serializer: what Akka's own of that id would build the canary of.</summary>
    private static readonly Dictionary<int, (byte[] Manifest, byte[] Message)[]> Aimed = AimedAtCanary();

    private readonly Random _random = new(seed);
    private readonly byte[][] _seeds = Seeds();

    /// <param name="id">Of the serializer that is to read it.</param>
    public (byte[] Manifest, byte[] Message) Next(int id)
    {
        if (_random.Next(2) == 0 && Aimed.TryGetValue(id, out var aimed))
            return aimed[_random.Next(aimed.Length)];
        var manifest = _random.Next(8) == 0 ? RandomBytes(8) : Manifests[_random.Next(Manifests.Length)];
        var kind = _random.Next(3);
        if (kind == 0)
            return (manifest, RandomBytes(RandomBytesMax));
        var message = (byte[])_seeds[_random.Next(_seeds.Length)].Clone();
        for (var flips = kind == 1 ? _random.Next(1, 4) : 0; flips > 0; flips--)
            message[_random.Next(message.Length)] ^= (byte)(1 << _random.Next(8));
        return (manifest, message);
    }

    private static byte[][] Seeds() =>
    [
        new PeerMessage { From = "worker/gpu1", To = "edge/a/1", Body = Envelopes.Wrap(new DecodeStep()) }.ToByteArray(),
        new Chunk { From = "worker/gpu1", To = "edge/a/1", Count = 2 }.ToByteArray(),
        .. Aimed.Values.SelectMany(aimed => aimed).Select(aimed => aimed.Message),
    ];

    private static Dictionary<int, (byte[] Manifest, byte[] Message)[]> AimedAtCanary()
    {
        var exception = RawAssociation.Message(w => RawAssociation.Text(w, 1, CanaryName), w => RawAssociation.Text(w, 2, "built"));
        var cause = RawAssociation.Message(w => RawAssociation.Bytes(w, 1, exception));
        var props = RawAssociation.Message(w => RawAssociation.Text(w, 3, CanaryName));
        return new()
        {
            [1] = [(Encoding.UTF8.GetBytes(CanaryName), Encoding.UTF8.GetBytes($$"""{"$type":"{{CanaryName}}"}"""))],
            [2] = [(Encoding.UTF8.GetBytes(CanaryName), cause)],
            [3] = [("Akka.Remote.DaemonMsgCreate, Akka.Remote"u8.ToArray(), RawAssociation.Message(w => RawAssociation.Bytes(w, 1, props), w => RawAssociation.Text(w, 3, "/remote/x")))],
            [16] = [("STF"u8.ToArray(), cause)],
            [22] =
            [
                ("Akka.Dispatch.SysMsg.Recreate, Akka"u8.ToArray(), cause),
                ("Akka.Dispatch.SysMsg.Failed, Akka"u8.ToArray(), RawAssociation.Message(w => RawAssociation.Bytes(w, 2, exception))),
            ],
        };
    }

    private byte[] RandomBytes(int countMax)
    {
        var bytes = new byte[_random.Next(countMax)];
        _random.NextBytes(bytes);
        return bytes;
    }
}
