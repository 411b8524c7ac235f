using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>
/// Decodes hidden states as a worker does that has the calibration and knows all tokens. Checks that a frame writes all of its destination, the same
/// values each time, and nothing beside it.
/// </summary>
/// <param name="calibration">Of the split.</param>
internal sealed class HiddenReceiver(SplitCalibration calibration)
{
    private const int ValuesMax = 1 << 16;
    private const int GuardCount = 16;
    private const uint Guard = 0x7FC0_F0F0;   // NaN
    private const uint Unwritten = 0x7FC0_0F0F;

    private readonly float[] _hidden = new float[ValuesMax + (2 * GuardCount)];
    private readonly float[] _again = new float[ValuesMax];
    private readonly float[] _embeddings = FrameCorpus.Embeddings(ValuesMax);

    /// <summary>Bytes that decoding has allocated so far.</summary>
    public long AllocatedBytes { get; private set; }

    /// <param name="bytes">Any.</param>
    /// <param name="valueCount">Of the frame's header; 0 if it has none.</param>
    public DecodeStatus Decode(ReadOnlySpan<byte> bytes, int valueCount)
    {
        var count = valueCount <= ValuesMax ? valueCount : 0;
        var hidden = _hidden.AsSpan(GuardCount, count);
        Poison(_hidden.AsSpan(0, GuardCount), Guard);
        Poison(_hidden.AsSpan(GuardCount + count, GuardCount), Guard);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var status = FrameDecoder.Decode(bytes, hidden, out _, calibration, _embeddings.AsSpan(0, count));
        AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        if (!IsPoisoned(_hidden.AsSpan(0, GuardCount)) || !IsPoisoned(_hidden.AsSpan(GuardCount + count, GuardCount)))
            throw new InvalidOperationException("It wrote beside its destination.");
        if (status == DecodeStatus.Ok)
            CheckAllWritten(bytes, hidden);
        return status;
    }

    private void CheckAllWritten(ReadOnlySpan<byte> bytes, ReadOnlySpan<float> hidden)
    {
        var again = _again.AsSpan(0, hidden.Length);
        Poison(again, Unwritten);
        var status = FrameDecoder.Decode(bytes, again, out _, calibration, _embeddings.AsSpan(0, hidden.Length));
        if (status != DecodeStatus.Ok)
            throw new InvalidOperationException($"It decoded once; then: {status}.");
        for (var i = 0; i < hidden.Length; i++)
        {
            if (BitConverter.SingleToUInt32Bits(hidden[i]) != BitConverter.SingleToUInt32Bits(again[i]))
                throw new InvalidOperationException($"Value {i} was {hidden[i]}, then {again[i]}.");
        }
    }

    private static void Poison(Span<float> values, uint bits) => values.Fill(BitConverter.UInt32BitsToSingle(bits));

    private static bool IsPoisoned(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (BitConverter.SingleToUInt32Bits(value) != Guard)
                return false;
        }

        return true;
    }
}
