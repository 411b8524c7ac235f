using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Google.Protobuf;
using SplitActors.Actors.Cluster.Wire;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Cluster;

/// <summary>The one serializer of our messages: Protocol Buffers, and a letter that says which. Whatever else arrives under its id is refused.</summary>
public sealed class PeerSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Ids up to 100 are Akka's.</summary>
    public const int Id = 1101;

    public override int Identifier => Id;

    public override string Manifest(object o) => o switch
    {
        PeerMessage => "M",
        Chunk => "C",
        ChunkCredit => "A",
        Gone => "G",
        WakeSlot => "W",
        _ => throw new SerializationException($"{o.GetType().FullName} does not travel between nodes."),
    };

    public override byte[] ToBinary(object obj)
    {
        _ = Manifest(obj);
        return ((IMessage)obj).ToByteArray();
    }

    /// <exception cref="SerializationException">The bytes are no message of this kind, or there is no such kind.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (bytes.Length > PeerFrames.BytesMax)
            throw new SerializationException($"The message has {bytes.Length} bytes; at most {PeerFrames.BytesMax} travel in one.");
        try
        {
            return manifest switch
            {
                "M" => PeerMessage.Parser.ParseFrom(bytes),
                "C" => Chunk.Parser.ParseFrom(bytes),
                "A" => ChunkCredit.Parser.ParseFrom(bytes),
                "G" => Gone.Parser.ParseFrom(bytes),
                "W" => WakeSlot.Parser.ParseFrom(bytes),
                _ => throw new SerializationException($"There is no message '{(manifest.Length > 8 ? manifest[..8] : manifest)}'."),
            };
        }
        catch (InvalidProtocolBufferException damaged)
        {
            throw new SerializationException($"A message '{manifest}' is damaged.", damaged);
        }
    }
}

/// <summary>How long messages between nodes may be.</summary>
public static class PeerFrames
{
    /// <summary>One frame with all headers: a longer one would keep heartbeats waiting.</summary>
    public const int BytesMax = 1 << 16;

    /// <summary>Bytes of a part; the rest is left to names and headers.</summary>
    public const int ChunkBytes = 60 * 1024;

    /// <summary>Parts of one transfer that may be on their way.</summary>
    public const int Window = 8;

    /// <summary>Longest message that its parts may make up.</summary>
    public const int MessageBytesMax = Envelopes.BytesMax;
}
