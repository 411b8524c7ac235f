using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// The first frame that a node of Akka.Remote sends over a connection that it dialled, without TLS: four bytes of length, and an
/// association that names the node's own address.
/// It tells who dialled, which nothing else does: all nodes of a machine dial from 127.0.0.1, and their process may have ended before one
/// looks whose a port was.
/// </summary>
internal static class AssociationHandshake
{
    private const int LengthBytes = 4;
    private const int BytesMax = 1 << 12;

    /// <summary>All nodes of a run have such a host, each its own.</summary>
    private static readonly byte[] HostPrefix = Encoding.ASCII.GetBytes("127.");

    private static readonly SearchValues<byte> HostLetters = SearchValues.Create("0123456789."u8);

    /// <summary>Reads one frame.</summary>
    /// <returns>Empty if the connection ends before, or the frame is longer than an association can be.</returns>
    public static async Task<byte[]> ReadAsync(Stream stream)
    {
        var length = new byte[LengthBytes];
        if (await stream.ReadAtLeastAsync(length, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
            return [];
        var count = BinaryPrimitives.ReadInt32LittleEndian(length);
        if (count is <= 0 or > BytesMax)
            return [];
        var frame = new byte[LengthBytes + count];
        length.CopyTo(frame, 0);
        return await stream.ReadAtLeastAsync(frame.AsMemory(LengthBytes), count, throwOnEndOfStream: false) < count ? [] : frame;
    }

    /// <summary>The host that the frame names; null if it names none.</summary>
    public static string? HostIn(ReadOnlySpan<byte> frame)
    {
        var start = frame.IndexOf(HostPrefix);
        if (start < 0)
            return null;
        var host = frame[start..];
        var end = host.IndexOfAnyExcept(HostLetters);
        return Encoding.ASCII.GetString(end < 0 ? host : host[..end]);
    }
}
