using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Models;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Tests.Tokenization;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Calibration;

/// <summary>A small model of three layers, whose hidden states are computed here segment by segment.</summary>
public sealed class CalibratorTests : IDisposable
{
    private const int WindowTokens = 63; // the context without begin-of-text

    private readonly CheckpointBuilder _builder = new();
    private readonly string _text = string.Concat(Enumerable.Range(0, 4600).Select(i => (char)('a' + (i * i % 7))));

    public CalibratorTests()
    {
        _builder.Config["vocab_size"] = 256;
        _builder.Config["num_hidden_layers"] = 3;
    }

    public void Dispose() => _builder.Dispose();

    /// <summary>One pass for all splits, on several threads, gives what a front of each split gives on one, to the bit: mean, deviation, and frames.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)] // then no token is predicted from itself
    public void Run_AllSplitsAtOnce_IsWhatEachFrontGives(bool hasBeginOfText)
    {
        if (!hasBeginOfText)
            _builder.Config.Remove("bos_token_id");
        using var checkpoint = Open();
        using var threads = new ComputeThreads(2);
        var path = Path.Combine(_builder.Folder, ModelCalibration.FileName);
        var options = new CalibrationOptions([2, 1], WithKarhunenLoeve: false, WithPrediction: false, TokenCountMax: null) { Threads = threads };
        var calibration = Calibrator.Run(checkpoint, _text, "text", path, options);

        int[] tokens = Tokenizer.Load(checkpoint).Encode(_text, addSpecialTokens: false, parseSpecialTokens: false);
        var held = tokens.Length / 5;
        foreach (var split in calibration.Splits)
        {
            var moments = new WeightedMoments(32, withProducts: false, withEmbeddings: false);
            foreach (var hidden in States(checkpoint, split.SplitLayer, tokens[..^held]).Where(hidden => hidden.Length == WindowTokens * 32))
                moments.Add(hidden, []);
            var tensors = ModelCalibration.Read(path, checkpoint, reader => reader.Splits(0, split.SplitLayer).Single().Tensors).Result;
            Assert.Equal(moments.Mean.Select(mean => (float)mean), tensors.Mean);
            Assert.Equal(moments.Variances.Select(variance => (float)Math.Sqrt(variance)), tensors.Deviation);

            var setting = split.Tabq[0];
            var (bytes, count, encoder) = (0L, 0, new HiddenStateEncoder(new CompressionOptions(FrameCodec.Tabq, setting.Tabq)));
            foreach (var hidden in States(checkpoint, split.SplitLayer, tokens[^held..]))
            {
                bytes += encoder.Encode(hidden, hidden.Length / 32, 32).Bytes.Length;
                count += hidden.Length / 32;
            }

            Assert.Equal(hasBeginOfText ? held : held - 1, count);
            Assert.Equal(Math.Round((double)bytes / count, 4), setting.BytesPerToken, 1e-3);
        }
    }

    [Fact]
    public void Run_Threads_WriteTheSameBytes()
    {
        using var checkpoint = Open();
        using var threads = new ComputeThreads(3);
        var options = new CalibrationOptions([1, 2], WithKarhunenLoeve: true, WithPrediction: true, TokenCountMax: null);
        var (alone, together) = (Path.Combine(_builder.Folder, "alone"), Path.Combine(_builder.Folder, "together"));
        Calibrator.Run(checkpoint, _text, "text", alone, options);
        Calibrator.Run(checkpoint, _text, "text", together, options with { Threads = threads });
        Assert.Equal(File.ReadAllBytes(alone), File.ReadAllBytes(together));
    }

    [Fact]
    public void Run_Progress_NeverFallsAndEndsAtAll()
    {
        using var checkpoint = Open();
        var reports = new Reports();
        Calibrator.Run(checkpoint, _text, "text", Path.Combine(_builder.Folder, "out"), new CalibrationOptions([1, 2], true, true, null), reports);
        Assert.Equal(reports.All.Select(report => report.ShareDone).Order(), reports.All.Select(report => report.ShareDone));
        Assert.Equal(new CalibrationProgress("quality", 1, IsDone: true), reports.All[^1]);
        Assert.InRange(reports.All[^2].ShareDone, 0.95, 1);
        Assert.Equal(["statistics", "eigenvectors", "quality"], reports.All.Select(report => report.Work).Distinct(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private Checkpoint Open()
    {
        _builder.AddModelTensors().WriteSingleFile().Write("tokenizer.json", TokenizerJson.WithMerges());
        return Checkpoint.Open(_builder.Folder);
    }

    /// <summary>[n, d] of each window at a split.</summary>
    private static IEnumerable<float[]> States(Checkpoint checkpoint, int splitLayer, int[] text)
    {
        var front = Segment.Load(checkpoint, LayerRange.Front(splitLayer));
        var windows = new TextWindows(text, WindowTokens, checkpoint.Config.BosTokenId);
        for (var start = 0; windows.TryRead(start, out var input, out var targets);)
        {
            start += targets.Length;
            yield return Hidden(front, input.ToArray());
        }
    }

    private static float[] Hidden(Segment front, int[] input)
    {
        using var sequence = new Sequence(front);
        return sequence.Hidden(input);
    }

    private sealed class Reports : IProgress<CalibrationProgress>
    {
        public List<CalibrationProgress> All { get; } = [];

        public void Report(CalibrationProgress value) => All.Add(value);
    }
}
