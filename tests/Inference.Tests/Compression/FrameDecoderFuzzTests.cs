using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Frames of hidden states from anyone; as many as take seconds. More: <c>dotnet run -c Release --project benchmarks/EndToEnd -- fuzz 10000000</c>.</summary>
public class FrameDecoderFuzzTests
{
    private const int Seed = 20261121;
    private const int InputCount = 300_000;
    private const int FrameCount = 300;

    private static readonly SplitCalibration Calibration = FrameCorpus.OpenCalibration();

    [Fact]
    public void Decode_RandomAndMutatedBytes_NeverThrowsNorAllocatesNorWritesElsewhere()
    {
        var corpus = new FrameCorpus(Calibration);
        using var fuzzer = new FrameFuzzer(Seed, [.. Enumerable.Range(0, FrameCount).Select(corpus.HiddenStates), .. corpus.ManyLanes(), .. FrameCorpus.Version1()], Calibration);
        fuzzer.Run(InputCount);
        Assert.All(
            [DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.BadChecksum, DecodeStatus.NeedMoreData, DecodeStatus.TooLarge, DecodeStatus.MissingContext],
            status => Assert.True(fuzzer.Counts.Of(status) > InputCount / 2000, $"{status}, seed {Seed}\n{fuzzer.Counts}"));
        Assert.True(fuzzer.Counts.OfUnrepaired(DecodeStatus.Ok) < InputCount / 50, $"{fuzzer.Counts}");
    }
}
