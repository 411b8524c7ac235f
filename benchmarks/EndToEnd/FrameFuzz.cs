using System.Diagnostics;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.EndToEnd;

/// <summary>The fuzz tests of the frame decoders, on as many inputs as wanted, of frames of hidden states and of keys and values together, on one thread.</summary>
internal static class FrameFuzz
{
    private const int HiddenFrameCount = 1200;
    private const int KvFrameCount = 600;
    private const long ProgressEvery = 1_000_000;

    public static void Run(long inputCount, int seed)
    {
        var calibration = FrameCorpus.OpenCalibration();
        var (hidden, keysAndValues) = (new FrameCorpus(calibration), new KvCorpus(new FrameChecksum(calibration)));
        byte[][] corpus =
        [
            .. Enumerable.Range(0, HiddenFrameCount).Select(hidden.HiddenStates), .. hidden.ManyLanes(), .. FrameCorpus.Version1(),
            .. Enumerable.Range(0, KvFrameCount).Select(keysAndValues.Frame),
        ];
        using var fuzzer = new FrameFuzzer(seed, corpus, calibration);
        var started = Stopwatch.GetTimestamp();
        fuzzer.Run(inputCount, () =>
        {
            if (fuzzer.Counts.InputCount % ProgressEvery == 0)
                Console.Error.WriteLine($"{fuzzer.Counts.InputCount:N0} of {inputCount:N0} inputs, {PerSecond():N0} per second");
        });
        Console.WriteLine($"{fuzzer.Counts.InputCount:N0} inputs from {corpus.Length:N0} frames, seed {seed}: {PerSecond():N0} per second, no exception, no stray write");
        Console.WriteLine($"decoding allocated {fuzzer.HiddenBytes:N0} bytes for hidden states, {fuzzer.KvBytes:N0} for keys and values");
        Console.Write(fuzzer.Counts);

        double PerSecond() => fuzzer.Counts.InputCount / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
