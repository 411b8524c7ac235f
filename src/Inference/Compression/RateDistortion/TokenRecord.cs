using System.Buffers;
using System.Buffers.Binary;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// One token before its symbols, one byte: outlier flag (upper bit) and code. Code 0: all levels are 0 and there are no symbols; 1 to 126: the step is
/// 2^((code−1)/4 − 20); 127: the step's place on the grid follows as a 16-bit integer.
/// </summary>
/// <param name="Step">Place on <see cref="StepGrid"/>; without meaning for a token of zeros.</param>
internal readonly record struct TokenRecord(int Step, bool IsZero, bool HasOutliers)
{
    private const int OutlierFlag = 0x80;
    private const int Escape = 127;
    private const int FirstStep = -20 * StepGrid.PerOctave;

    public void Write(IBufferWriter<byte> writer)
    {
        var bytes = writer.GetSpan(1 + sizeof(short));
        var place = Step - FirstStep + 1;
        var code = IsZero ? 0 : place is > 0 and < Escape ? place : Escape;
        bytes[0] = (byte)(code | (HasOutliers ? OutlierFlag : 0));
        if (code == Escape)
            BinaryPrimitives.WriteInt16LittleEndian(bytes[1..], (short)Step);
        writer.Advance(code == Escape ? 1 + sizeof(short) : 1);
    }

    public static bool TryRead(ref ByteReader reader, out TokenRecord record)
    {
        record = default;
        if (!reader.TryReadByte(out var first))
            return false;
        var code = first & ~OutlierFlag;
        var step = code + FirstStep - 1;
        if (code == Escape)
        {
            if (!reader.TryReadUInt16(out var place))
                return false;
            step = (short)place;
        }

        record = new TokenRecord(step, code == 0, (first & OutlierFlag) != 0);
        return step is >= StepGrid.IndexMin and <= StepGrid.IndexMax;
    }
}
