using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Serialization;
using Akka.Serialization;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// Stands where Akka has serializers that build whatever type a message names: JSON (id 1), any Protocol Buffers class (2), and actors to deploy (3). Nothing may be sent or received by them.
/// </summary>
/// <param name="system">Of a node.</param>
/// <param name="config">Its id, if it is not 1.</param>
public sealed class RefusingSerializer(ExtendedActorSystem system, Config config) : Serializer(system)
{
    private const int JsonId = 1;

    public override int Identifier { get; } = config.GetInt("id", JsonId);

    public override bool IncludeManifest => true;

    public override byte[] ToBinary(object obj) => throw new SerializationException($"{obj.GetType().FullName} does not travel between nodes.");

    public override object FromBinary(byte[] bytes, Type? type) => throw new SerializationException("Messages of this kind are not accepted.");
}

/// <summary>Of Akka's miscellaneous messages, those that a cluster needs; a failure, for one, would build any exception that it names.</summary>
public sealed class NeededMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Who is there, references to actors, and heartbeats.</summary>
    private static readonly string[] Needed = ["ID", "AID", "AR", "RWHB", "RWHR"];

    private readonly MiscMessageSerializer _akka = new(system);

    public override int Identifier => _akka.Identifier;

    public override string Manifest(object o) => _akka.Manifest(o) is var manifest && Needed.Contains(manifest, StringComparer.Ordinal)
        ? manifest
        : throw new SerializationException($"{o.GetType().FullName} does not travel between nodes.");

    public override byte[] ToBinary(object obj)
    {
        _ = Manifest(obj);
        return _akka.ToBinary(obj);
    }

    public override object FromBinary(byte[] bytes, string manifest) =>
        Needed.Contains(manifest, StringComparer.Ordinal) ? _akka.FromBinary(bytes, manifest) : throw new SerializationException("Messages of this kind are not accepted.");
}

/// <summary>Of the messages between actor cells, those that watching needs; others tell of failures, and would build any exception that they name.</summary>
public sealed class WatchMessageSerializer(ExtendedActorSystem system) : Serializer(system)
{
    private static readonly Type[] Needed = [typeof(Akka.Dispatch.SysMsg.Watch), typeof(Akka.Dispatch.SysMsg.Unwatch), typeof(Akka.Dispatch.SysMsg.DeathWatchNotification)];

    private readonly SystemMessageSerializer _akka = new(system);

    public override int Identifier => _akka.Identifier;

    public override bool IncludeManifest => true;

    public override byte[] ToBinary(object obj) =>
        Needed.Contains(obj.GetType()) ? _akka.ToBinary(obj) : throw new SerializationException($"{obj.GetType().FullName} does not travel between nodes.");

    public override object FromBinary(byte[] bytes, Type? type) =>
        Needed.Contains(type) ? _akka.FromBinary(bytes, type!) : throw new SerializationException("Messages of this kind are not accepted.");
}
