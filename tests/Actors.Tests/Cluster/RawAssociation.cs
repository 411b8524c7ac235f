using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>Speaks remoting's protocol to a node byte by byte, as an attacker might who got in: what it sends need be nothing that a serializer wrote.</summary>
internal sealed class RawAssociation : IDisposable
{
    private const ulong NoSequence = ulong.MaxValue;

    private readonly TcpClient _client = new();
    private readonly int _port;

    /// <param name="port">Of a node on loopback.</param>
    public RawAssociation(int port)
    {
        _port = port;
        _client.Connect(IPAddress.Loopback, port);
        var origin = Message(w => Text(w, 1, "splitactors"), w => Text(w, 2, "127.0.0.1"), w => Number(w, 3, 9), w => Text(w, 4, "akka.tcp"));
        var handshake = Message(w => Bytes(w, 1, origin), w => Fixed(w, 2, 7));
        var instruction = Message(w => Number(w, 1, 1), w => Bytes(w, 2, handshake)); // ASSOCIATE
        Write(Message(w => Bytes(w, 2, instruction)));
    }

    /// <param name="recipient">Path below the system, such as /user/sink.</param>
    /// <param name="id">Of a serializer.</param>
    public void Send(string recipient, int id, byte[] manifest, byte[] message)
    {
        var payload = Message(w => Bytes(w, 1, message), w => Number(w, 2, id), w => Bytes(w, 3, manifest));
        var to = Message(w => Text(w, 1, $"akka.tcp://splitactors@127.0.0.1:{_port}{recipient}"));
        var envelope = Message(w => Bytes(w, 1, to), w => Bytes(w, 2, payload), w => Fixed(w, 5, NoSequence));
        var container = Message(w => Bytes(w, 2, envelope));
        Write(Message(w => Bytes(w, 1, container)));
    }

    public void Dispose() => _client.Dispose();

    public static byte[] Message(params Action<CodedOutputStream>[] fields)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach (var field in fields)
                field(output);
        }

        return bytes.ToArray();
    }

    public static void Text(CodedOutputStream output, int field, string text) => Bytes(output, field, Encoding.UTF8.GetBytes(text));

    public static void Bytes(CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }

    private static void Number(CodedOutputStream output, int field, int number)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt32(number);
    }

    private static void Fixed(CodedOutputStream output, int field, ulong number)
    {
        output.WriteTag(field, WireFormat.WireType.Fixed64);
        output.WriteFixed64(number);
    }

    private void Write(byte[] pdu)
    {
        var frame = new byte[sizeof(int) + pdu.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, pdu.Length);
        pdu.CopyTo(frame, sizeof(int));
        _client.GetStream().Write(frame);
    }
}
