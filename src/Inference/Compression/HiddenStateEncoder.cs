using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Codes hidden states at the split into frames. The bytes are a function of the values and the options alone: the same on every CPU.
/// Keeps its buffers from call to call, so that only the frame itself is allocated. Not safe for concurrent use: one per session.
/// </summary>
/// <remarks>
/// TAB-Q: x̃ = x, bit for bit, where |x| ≥ τ, x is NaN or ±∞, or |x| ≥ 2^126; otherwise |x̃ − x| ≤ s/2 + 2⁻²²·|x| with the token's transmitted
/// scale s (<see cref="AsymmetricQuantizer"/>). A value that rounds to 0 comes out as +0.
/// Rate–distortion: x̃ = x, bit for bit, where x is NaN or ±∞ or an outlier; otherwise |x̃ − x| ≤ 0.5801·s + 2⁻²²·(|x| + |mean|) with the token's step s
/// (<see cref="RateDistortionOptions"/>). Where the transform rotates, 0.5801·s bounds the error of each coefficient, and with y = x − m − P·e the token's
/// |x̃ − x| ≤ 0.581·√width·s + ε·|y| + (width/8 + 10)·√width·2⁻²⁴·(|y| + √width·s) + 2⁻²³·|x|, Euclidean norms. ε = ‖BᵀB − 1‖, at most 2⁻⁹, as the rotation
/// is float16; the third term is the rounding of two products in 16 lanes. So a huge value, which is an outlier without a rotation, costs ε of its magnitude.
/// A frame that the codec cannot make smaller than raw float32 is sent raw.
/// </remarks>
/// <param name="options">Codec and settings.</param>
/// <param name="calibration">Of the model's split, for the rate–distortion codec; the receiver must have the same.</param>
public sealed class HiddenStateEncoder(CompressionOptions options, SplitCalibration? calibration = null)
{
    private readonly TabqEncoder _tabq = new(options.Tabq);
    private readonly RateDistortionEncoder _rateDistortion = new(options.RateDistortion, calibration);
    private readonly ArrayBufferWriter<byte> _payload = new();

    /// <summary>Encodes the hidden states of consecutive tokens.</summary>
    /// <param name="hidden">[rows, width]</param>
    /// <param name="rows">Tokens, 1 to <see cref="FrameLimits.RowsMax"/>.</param>
    /// <param name="width">Values per token, 1 to <see cref="FrameLimits.WidthMax"/>.</param>
    /// <param name="embeddings">[rows, width] The embedding of each token, for prediction; empty if the receiver may not know the tokens.</param>
    public EncodedFrame Encode(ReadOnlySpan<float> hidden, int rows, int width, ReadOnlySpan<float> embeddings = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, FrameLimits.RowsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FrameLimits.WidthMax);
        if (hidden.Length != (long)rows * width || hidden.Length > FrameLimits.ValuesMax)
            throw new ArgumentException($"Expected {rows} x {width} values, at most {FrameLimits.ValuesMax}; found {hidden.Length}.", nameof(hidden));

        var header = new FrameHeader { Content = FrameContent.HiddenState, Codec = options.Codec, Rows = rows, Width = width };
        _payload.ResetWrittenCount();
        if (options.Codec == FrameCodec.Tabq)
        {
            var statistics = _tabq.Encode(hidden, width, _payload);
            if (_payload.WrittenCount < hidden.Length * (long)sizeof(float))
                return Seal(header, _payload.WrittenSpan, statistics);
        }
        else if (options.Codec == FrameCodec.RateDistortion)
        {
            var statistics = _rateDistortion.Encode(hidden, embeddings, width, _payload);
            if (_payload.WrittenCount < hidden.Length * (long)sizeof(float))
                return Seal(header, _payload.WrittenSpan, statistics, FrameSetting.IsCalibrated(_payload.WrittenSpan) ? calibration!.ChecksumSeed : 0);
        }

        return Seal(header with { Codec = FrameCodec.None }, LittleEndian(hidden), new FrameStatistics());
    }

    internal static EncodedFrame Seal(FrameHeader header, ReadOnlySpan<byte> payload, FrameStatistics statistics, uint checksumSeed = 0)
    {
        Span<byte> headerBytes = stackalloc byte[FrameHeader.HeaderBytesMax];
        headerBytes = headerBytes[..header.Write(headerBytes)];
        var bytes = GC.AllocateUninitializedArray<byte>(headerBytes.Length + payload.Length + FrameHeader.ChecksumBytes);
        headerBytes.CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(headerBytes.Length));
        FrameHeader.WriteChecksum(bytes, checksumSeed);
        return new EncodedFrame(
            bytes, statistics with { FrameBytes = bytes.Length, PayloadBytes = payload.Length, Float16Bytes = 2L * header.ValueCount });
    }

    private ReadOnlySpan<byte> LittleEndian(ReadOnlySpan<float> hidden)
    {
        if (BitConverter.IsLittleEndian)
            return MemoryMarshal.AsBytes(hidden);
        _payload.ResetWrittenCount();
        foreach (var value in hidden)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_payload.GetSpan(sizeof(float)), value);
            _payload.Advance(sizeof(float));
        }

        return _payload.WrittenSpan;
    }
}
