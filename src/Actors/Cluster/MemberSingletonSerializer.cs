using System.Buffers.Binary;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton.Serialization;
using Akka.Serialization;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// Messages by which singletons move, with the incarnation that sent them, as only members of this node's own cluster may ask for one. Akka
/// asks an address: where a node was killed and begins another cluster at the same address, those whom it left would take its singletons,
/// and it would have none.
/// </summary>
/// <param name="system">Of a node.</param>
public sealed class MemberSingletonSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private readonly ClusterSingletonMessageSerializer _akka = new(system);

    private Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(system);

    public override string Manifest(object o) => _akka.Manifest(o);

    /// <summary>Akka's messages of this kind are their manifests alone; the payload is the sender's uid, 4 bytes, little-endian.</summary>
    public override byte[] ToBinary(object obj)
    {
        var uid = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(uid, Cluster.SelfUniqueAddress.Uid);
        return uid;
    }

    /// <exception cref="SerializationException">The sender is no member of this node's cluster.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (bytes.Length != sizeof(int) || BinaryPrimitives.ReadInt32LittleEndian(bytes) is var uid && !Cluster.State.Members.Any(member => member.UniqueAddress.Uid == uid))
            throw new SerializationException("A node of another cluster asked for a singleton.");
        return _akka.FromBinary([], manifest);
    }
}
