using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Planning.Accuracy;

/// <summary>What to measure: each entry by itself.</summary>
/// <param name="Weights">Quantized formats, at several splits each.</param>
/// <param name="KeyValues">Of fewer than 16 bits.</param>
/// <param name="Quality">Of the hidden states, at the same splits.</param>
public sealed record AccuracyPlan(IReadOnlyList<WeightFormat> Weights, IReadOnlyList<KvFormat> KeyValues, QualityTarget Quality);

/// <summary>
/// Measures what bits cost a model: the log-likelihood of a text with them and without, token by token of the same text, so that what the text itself varies by
/// cancels. A window of the text is one cluster of the standard error.
/// </summary>
public sealed class AccuracyMeasurement
{
    /// <summary>Splits at which weights are measured; those between lie on a line.</summary>
    private const int SplitCountMax = 8;

    private const int WindowTokensMax = 256;
    private const int FrameTokens = 64;    // of a device's frame of a prompt

    private readonly Checkpoint _checkpoint;
    private readonly ReadOnlyMemory<int> _text;
    private readonly string _textDigest;
    private readonly ComputeThreads _threads;
    private readonly TimeProvider _clock;
    private readonly int _windowTokens;
    private Perplexity[]? _plain; // [windows] With nothing rounded

    /// <param name="checkpoint">Of stored weights; stays open as long as this is used.</param>
    /// <param name="text">Like what the model will be used for.</param>
    /// <param name="textPlace">Of the text, for messages.</param>
    /// <param name="tokenCountMax">Tokens of the text that are used.</param>
    /// <param name="threads">Compute.</param>
    /// <param name="clock">Takes the codecs' times.</param>
    /// <exception cref="UserErrorException">The text is too short.</exception>
    public AccuracyMeasurement(Checkpoint checkpoint, string text, string textPlace, int tokenCountMax, ComputeThreads threads, TimeProvider clock)
    {
        (_checkpoint, _threads, _clock) = (checkpoint, threads, clock);
        var config = checkpoint.Config;
        _windowTokens = Math.Min(config.ContextLength, WindowTokensMax);
        var tokens = Tokenizer.Load(checkpoint).Encode(text, addSpecialTokens: false, parseSpecialTokens: false);
        if (tokens.Length < 2 * _windowTokens)
            throw new UserErrorException(UserErrorKind.Prompt, textPlace, $"a text of at least {2 * _windowTokens} tokens", $"{tokens.Length}", "Give a longer text.");
        _text = tokens.AsMemory(0, Math.Min(tokens.Length, Math.Max(tokenCountMax, 2 * _windowTokens)));
        _textDigest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Predicted tokens.</summary>
    public int TokenCount => Windows().TokenCount;

    /// <param name="plan">What to measure.</param>
    /// <param name="optionsFor">Codec and settings of a split, as a session has them.</param>
    /// <param name="calibration">Of the model; null for none.</param>
    /// <param name="progress">Told after each measurement; may end it by an exception.</param>
    public AccuracyFigures Run(
        AccuracyPlan plan, Func<SplitCalibration?, CompressionOptions> optionsFor, ModelCalibration? calibration, IProgress<EvaluationProgress>? progress = null)
    {
        var layerCount = _checkpoint.Config.LayerCount;
        int[] splits = [.. Enumerable.Range(1, SplitCountMax).Select(part => (int)Math.Ceiling((double)part * layerCount / SplitCountMax)).Distinct()];
        var (done, count) = (1, 1 + (plan.Weights.Count * splits.Length) + plan.KeyValues.Count + splits.Length - 1);
        _ = Plain();
        Report();
        var weights = (
            from format in plan.Weights
            from split in splits
            let loss = Reported(Loss(new SplitChoice(split, format, WeightFormat.Unquantized, KvFormat.Float16, KvFormat.Float16), transport: null))
            select new WeightCost(format.Bits, format.GroupSize, split, loss.Mean, loss.StandardError)).ToList();
        var keyValues = (
            from format in plan.KeyValues
            let loss = Reported(Loss(new SplitChoice(layerCount, WeightFormat.Unquantized, WeightFormat.Unquantized, format, format), transport: null))
            select new KeyValueCost((int)format, loss.Mean, loss.StandardError)).ToList();
        var states = HiddenStates([.. splits.Where(split => split < layerCount)], plan.Quality, optionsFor, calibration, () => Reported(0));
        var perplexity = Math.Exp(Plain().Sum(window => window.NegativeLogLikelihood) / TokenCount);
        return new AccuracyFigures(ModelDigest.Of(_checkpoint).Hex, _textDigest, TokenCount, perplexity, weights, keyValues, states);

        T Reported<T>(T value)
        {
            done++;
            Report();
            return value;
        }

        void Report() => progress?.Report(new EvaluationProgress((double)done / count, (int)((long)done * TokenCount / count), TokenCount));
    }

    /// <summary>All of a choice together, hidden states coded as a session does it: the relative rise of perplexity and its standard error.</summary>
    /// <param name="choice">What device and worker run.</param>
    /// <param name="options">Codec and settings of the split.</param>
    /// <param name="calibration">Of the split; null for none.</param>
    public (double Rise, double? StandardError) Verify(SplitChoice choice, CompressionOptions options, SplitCalibration? calibration)
    {
        var layerCount = _checkpoint.Config.LayerCount;
        var isSplit = choice.SplitLayer > 0 && choice.SplitLayer < layerCount;
        var loss = Loss(choice, isSplit ? Transport(new FrameTransport(options, calibration)) : null);
        var factor = Math.Exp(loss.Mean);
        return (factor - 1, loss.StandardError * factor);
    }

    private SplitModel.Transport Transport(FrameTransport frames)
    {
        var width = _checkpoint.Config.HiddenSize;
        return (hidden, rows) =>
        {
            for (var row = 0; row < rows; row += FrameTokens)
            {
                var count = Math.Min(FrameTokens, rows - row);
                var values = hidden.Slice(row * width, count * width);
                var tokens = new int[count]; // the codec predicts nothing from them
                frames.Decode(frames.Encode(values, tokens, width), tokens, values, width);
            }
        };
    }

    private List<HiddenStateCost> HiddenStates(
        IReadOnlyList<int> splits, QualityTarget quality, Func<SplitCalibration?, CompressionOptions> optionsFor, ModelCalibration? calibration, Action done)
    {
        var costs = new List<HiddenStateCost>();
        var codec = new CodecChoice("session", "session", place => new FrameTransport(optionsFor(calibration?.For(place.SplitLayer)), calibration?.For(place.SplitLayer)));
        foreach (var split in splits)
        {
            using var evaluation = new CodecEvaluation(_checkpoint, [split], [codec], _clock, _threads, windowTokensMax: _windowTokens);
            var measured = evaluation.Run(_text).Measurements[0];
            costs.Add(new HiddenStateCost(
                split, quality.RisePercent, measured.LogLikelihoodLoss.Mean, measured.LogLikelihoodLoss.StandardError, measured.Link.BytesPerToken, measured.Link.BytesPerTokenAlone));
            done();
        }

        return costs;
    }

    /// <summary>Nats per token that a choice loses.</summary>
    private ClusteredMean Loss(SplitChoice choice, SplitModel.Transport? transport)
    {
        var (plain, rounded) = (Plain(), Predict(choice, transport));
        var loss = new ClusteredMean();
        foreach (var (before, after) in plain.Zip(rounded))
            loss.Add(after.NegativeLogLikelihood - before.NegativeLogLikelihood, before.TokenCount);
        return loss;
    }

    private Perplexity[] Plain() => _plain ??= Predict(
        new SplitChoice(_checkpoint.Config.LayerCount, WeightFormat.Unquantized, WeightFormat.Unquantized, KvFormat.Float16, KvFormat.Float16), transport: null);

    /// <summary>[windows]</summary>
    private Perplexity[] Predict(SplitChoice choice, SplitModel.Transport? transport)
    {
        var config = _checkpoint.Config;
        var isWhole = choice.SplitLayer == config.LayerCount;
        var front = Segment.Load(_checkpoint, LayerRange.Front(choice.SplitLayer), choice.FrontWeights, threads: _threads);
        var back = isWhole ? front : Segment.Load(_checkpoint, LayerRange.Back(choice.SplitLayer, config.LayerCount), choice.BackWeights, threads: _threads);
        using var model = new SplitModel(front, back, transport, _windowTokens, choice.FrontKv, _threads, choice.BackKv);
        return [.. Perplexity.OfWindows(model, Windows(), config.VocabularySize)];
    }

    private TextWindows Windows() => new(_text, _windowTokens, _checkpoint.Config.BosTokenId);
}
