using System.Buffers.Binary;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Evaluation.Frames;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>
/// Inputs for a decoder: noise, noise behind a header, and frames with changed fields, flipped bits, other bytes, cut and longer ends and parts of other
/// frames; half of them with a repaired checksum, so that what lies behind it is reached. One seed, one sequence.
/// </summary>
internal sealed class FrameMutator
{
    private const int NoiseBytesMax = 64;
    private const int MutationsMax = 3;
    private const int HeaderBytes = 4; // of most frames here

    private readonly Random _random;
    private readonly byte[][] _corpus;
    private readonly (int Offset, int ByteCount)[][] _fields; // of each frame of the corpus
    private readonly FrameChecksum _checksum;
    private readonly byte[] _input;
    private readonly byte[] _field = new byte[sizeof(ulong)];

    /// <param name="seed">Draws all.</param>
    /// <param name="corpus">Frames to begin with.</param>
    /// <param name="calibration">Of those that need one.</param>
    public FrameMutator(int seed, byte[][] corpus, SplitCalibration calibration)
    {
        (_random, _corpus, _checksum) = (new Random(seed), corpus, new FrameChecksum(calibration));
        _fields = [.. corpus.Select(frame => FrameExplanation.Of(frame).Fields.Select(field => (field.Offset, field.ByteCount)).ToArray())];
        _input = new byte[(MutationsMax + 1) * (corpus.Max(frame => frame.Length) + NoiseBytesMax)];
    }

    /// <summary>Whether the checksum of the last input fits.</summary>
    public bool IsRepaired { get; private set; }

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var bytes = _random.Next(12) switch
        {
            0 => Noise(0),
            1 => NoiseBehindAHeader(),
            _ => Mutated(_random.Next(_corpus.Length)),
        };
        IsRepaired = _random.Next(2) == 0;
        if (IsRepaired)
            _checksum.Repair(bytes);
        return bytes;
    }

    private Span<byte> Noise(int start)
    {
        var end = start + _random.Next(NoiseBytesMax);
        _random.NextBytes(_input.AsSpan(start, end - start));
        return _input.AsSpan(0, end);
    }

    private Span<byte> NoiseBehindAHeader()
    {
        var frame = _corpus[_random.Next(_corpus.Length)];
        frame.AsSpan(0, HeaderBytes).CopyTo(_input);
        return Noise(HeaderBytes);
    }

    private Span<byte> Mutated(int number)
    {
        var frame = _corpus[number];
        frame.CopyTo(_input, 0);
        var bytes = _input.AsSpan(0, frame.Length);
        var mutations = _random.Next(1, MutationsMax + 1);
        if (_random.Next(2) == 0)
        {
            // First, while the fields are where they were.
            var (offset, byteCount) = _fields[number][_random.Next(_fields[number].Length)];
            bytes = ChangeField(bytes, offset, byteCount);
            mutations--;
        }

        for (; mutations > 0; mutations--)
            bytes = Mutate(bytes);
        return bytes;
    }

    private Span<byte> ChangeField(Span<byte> bytes, int offset, int byteCount)
    {
        var field = bytes.Slice(offset, byteCount);
        switch (_random.Next(7))
        {
            case 0:
                field.Clear();
                return bytes;
            case 1:
                field.Fill(0xFF);
                return bytes;
            case 2:
                field[0]++;
                return bytes;
            case 3:
                field[0]--;
                return bytes;
            case 4:
                return Replace(bytes, offset, byteCount, []);
            case 5:
                return Replace(bytes, offset, 0, field[..Math.Min(byteCount, NoiseBytesMax)].ToArray());
            default:
                return Replace(bytes, offset, byteCount, _field.AsSpan(0, LimitAsVarInt()));
        }
    }

    /// <summary>Powers of two and their neighbours, where decoders have their limits.</summary>
    private int LimitAsVarInt()
    {
        var value = (uint)((1UL << _random.Next(33)) + (ulong)_random.Next(3) - 1);
        var count = 0;
        for (; value >= 0x80; value >>= 7)
            _field[count++] = (byte)(value | 0x80);
        _field[count++] = (byte)value;
        return count;
    }

    private Span<byte> Replace(Span<byte> bytes, int offset, int byteCount, ReadOnlySpan<byte> by)
    {
        var length = bytes.Length - byteCount + by.Length;
        bytes[(offset + byteCount)..].CopyTo(_input.AsSpan(offset + by.Length));
        by.CopyTo(_input.AsSpan(offset));
        return _input.AsSpan(0, length);
    }

    private Span<byte> Mutate(Span<byte> bytes)
    {
        if (bytes.IsEmpty)
            return bytes;
        var index = _random.Next(bytes.Length);
        switch (_random.Next(9))
        {
            case 0:
                return bytes[..index];
            case 1:
                return Splice(index);
            case 2:
                bytes[index] = (byte)_random.Next(256);
                return bytes;
            case 3:
                return Noise(bytes.Length);
            case 4:
                BinaryPrimitives.WriteUInt64LittleEndian(_field, (ulong)_random.NextInt64());
                return Replace(bytes, index, 0, _field.AsSpan(0, _random.Next(1, _field.Length)));
            default:
                bytes[index] ^= (byte)(1 << _random.Next(8));
                return bytes;
        }
    }

    /// <summary>The end of another frame from some byte on.</summary>
    private Span<byte> Splice(int index)
    {
        var donor = _corpus[_random.Next(_corpus.Length)];
        var from = _random.Next(donor.Length);
        donor.AsSpan(from).CopyTo(_input.AsSpan(index));
        return _input.AsSpan(0, index + donor.Length - from);
    }
}
