using SplitActors.Inference.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.Inference.Tests.Compression.KeyValues;

/// <summary>Frames of keys and values from anyone, into caches of all formats; as many as take seconds.</summary>
public sealed class KvFrameFuzzTests
{
    private const int Seed = 20261122;
    private const int InputCount = 300_000;
    private const int FrameCount = 200;

    [Fact]
    public void Decode_RandomAndMutatedBytes_NeverThrowsNorChangesACacheHalfway()
    {
        var calibration = FrameCorpus.OpenCalibration();
        var corpus = new KvCorpus(new FrameChecksum(calibration));
        using var fuzzer = new FrameFuzzer(Seed, [.. Enumerable.Range(0, FrameCount).Select(corpus.Frame)], calibration);
        fuzzer.Run(InputCount);
        Assert.All(
            [DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.BadChecksum, DecodeStatus.WrongDestination, DecodeStatus.DestinationFull, DecodeStatus.TooLarge],
            status => Assert.True(fuzzer.Counts.Of(status) > InputCount / 2000, $"{status}, seed {Seed}\n{fuzzer.Counts}"));
    }
}
