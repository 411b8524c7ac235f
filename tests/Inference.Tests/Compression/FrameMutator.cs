using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>
/// Inputs for a decoder: noise, and frames with flipped bits, other bytes, cut ends and parts of other frames, half of them with a repaired checksum so
/// that what lies behind it is reached. One seed, one sequence.
/// </summary>
/// <param name="seed">Draws all.</param>
/// <param name="corpus">Frames to begin with.</param>
/// <param name="checksumSeed">Of the calibration with which calibrated frames are decoded.</param>
internal sealed class FrameMutator(int seed, byte[][] corpus, uint checksumSeed = 0)
{
    private const int NoiseBytesMax = 64;
    private const int MutationsMax = 3;

    private readonly Random _random = new(seed);
    private readonly byte[] _input = new byte[(MutationsMax + 1) * corpus.Max(frame => frame.Length)];

    /// <summary>How many inputs a test decodes: the variable SPLITACTORS_FUZZ_INPUTS, for a long run, or a number that takes seconds.</summary>
    public static int InputCount { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("SPLITACTORS_FUZZ_INPUTS"), out var count) ? count : 200_000;

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (_random.Next(10) == 0)
        {
            var noise = _input.AsSpan(0, _random.Next(NoiseBytesMax));
            _random.NextBytes(noise);
            return noise;
        }

        var frame = corpus[_random.Next(corpus.Length)];
        frame.CopyTo(_input, 0);
        var bytes = _input.AsSpan(0, frame.Length);
        for (var mutations = _random.Next(1, MutationsMax + 1); mutations > 0; mutations--)
            bytes = Mutate(bytes);
        if (_random.Next(2) == 0 && bytes.Length > FrameHeader.ChecksumBytes)
            Repair(bytes);
        return bytes;
    }

    private Span<byte> Mutate(Span<byte> bytes)
    {
        if (bytes.IsEmpty)
            return bytes;
        var index = _random.Next(bytes.Length);
        switch (_random.Next(8))
        {
            case 0:
                return bytes[..index];
            case 1:
                var donor = corpus[_random.Next(corpus.Length)];
                var from = _random.Next(donor.Length);
                donor.AsSpan(from).CopyTo(_input.AsSpan(index));
                return _input.AsSpan(0, index + donor.Length - from);
            case 2:
                bytes[index] = (byte)_random.Next(256);
                return bytes;
            default:
                bytes[index] ^= (byte)(1 << _random.Next(8));
                return bytes;
        }
    }

    private static bool IsCalibrated(ReadOnlySpan<byte> bytes) =>
        FrameHeader.TryRead(bytes, out var header) == DecodeStatus.Ok && header.Codec == FrameCodec.RateDistortion && FrameSetting.IsCalibrated(bytes[header.HeaderBytes..]);

    /// <summary>Makes the checksum, and in version 1 a payload length of one byte, fit what is there.</summary>
    private void Repair(Span<byte> bytes)
    {
        if (FrameHeader.TryRead(bytes, out var header) == DecodeStatus.Ok && header is { Version: 1, PayloadBytes: < 0x80 })
        {
            var payloadBytes = bytes.Length - header.HeaderBytes - FrameHeader.ChecksumBytes;
            if (payloadBytes is > 0 and < 0x80)
                bytes[header.HeaderBytes - 1] = (byte)payloadBytes;
        }

        FrameHeader.WriteChecksum(bytes, IsCalibrated(bytes) ? checksumSeed : 0);
    }
}
