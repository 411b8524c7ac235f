using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;
using SplitActors.Inference.Tests.RateDistortion;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>CRC-32C finds every single wrong bit, of a frame and of its checksum; no receiver may take such a frame.</summary>
public sealed class FlippedBitTests
{
    private const int HiddenFrameCount = 640;
    private const int KvFrameCount = 360;

    public static TheoryData<string> GoldenFrames =>
        [.. Directory.GetFiles(Repository.PathTo("tests"), "*.frame.bin", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.PathTo("tests"), file))];

    [Fact]
    public void Decode_AnyFlippedBitOfAThousandFrames_IsRefused()
    {
        var calibration = FrameCorpus.OpenCalibration();
        var (hidden, keysAndValues) = (new FrameCorpus(calibration), new KvCorpus(new FrameChecksum(calibration)));
        using var receivers = new Receivers(calibration);
        for (var number = 0; number < HiddenFrameCount; number++)
            AssertRefused(hidden.HiddenStates(number), receivers);
        for (var number = 0; number < KvFrameCount; number++)
            AssertRefused(keysAndValues.Frame(number), receivers);
    }

    [Theory]
    [MemberData(nameof(GoldenFrames))]
    public void Decode_AnyFlippedBitOfAGoldenFrame_IsRefused(string file)
    {
        var frame = File.ReadAllBytes(Repository.PathTo("tests", file));
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame, out var header));
        using var receivers = new Receivers(SyntheticCalibration.Of(header is { Codec: FrameCodec.RateDistortion, Width: 64 or 256 } ? header.Width : 16));
        AssertRefused(frame, receivers);
    }

    private static void AssertRefused(byte[] frame, Receivers receivers)
    {
        for (var bit = 0; bit < 8 * frame.Length; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            if (receivers.IsTaken(frame))
                Assert.Fail($"Bit {bit} of {Convert.ToHexString(frame)}");
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(receivers.IsTaken(frame), Convert.ToHexString(frame));
    }

    /// <summary>All that could take a frame, each with what it needs for it.</summary>
    private sealed class Receivers(SplitCalibration calibration) : IDisposable
    {
        private readonly HiddenReceiver _hidden = new(calibration);
        private readonly KvReceiver[] _caches = [.. KvCorpus.Formats.Select(format => new KvReceiver(new KvCorpus(new FrameChecksum(calibration)), format))];

        public void Dispose()
        {
            foreach (var cache in _caches)
                cache.Dispose();
        }

        public bool IsTaken(ReadOnlySpan<byte> frame)
        {
            if (FrameDecoder.TryReadHeader(frame, out var header) != DecodeStatus.Ok)
                return false;
            if (header.Content == FrameContent.HiddenState)
                return _hidden.Decode(frame, header.ValueCount) == DecodeStatus.Ok;
            foreach (var cache in _caches)
            {
                if (cache.Decode(frame) == DecodeStatus.Ok)
                    return true;
            }

            return false;
        }
    }
}
