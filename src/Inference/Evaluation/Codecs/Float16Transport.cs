using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>Float16 without a header: 2 bytes per value, what every ratio is measured against. Magnitudes from 65,520 on become infinite.</summary>
public sealed class Float16Transport : IHiddenStateTransport
{
    private byte[] _bytes = [];

    public ReadOnlySpan<byte> Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<int> tokens, int width)
    {
        var byteCount = hidden.Length * sizeof(ushort);
        if (_bytes.Length < byteCount)
            _bytes = new byte[byteCount];
        var halves = MemoryMarshal.Cast<byte, Half>(_bytes.AsSpan(0, byteCount));
        for (var i = 0; i < hidden.Length; i++)
            halves[i] = (Half)hidden[i];
        return _bytes.AsSpan(0, byteCount);
    }

    public void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> tokens, Span<float> hidden, int width) =>
        FloatBits.WidenHalf(MemoryMarshal.Cast<byte, ushort>(bytes), hidden);
}
