using System.Collections.Immutable;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What sessions do, computed in one place and without actors: front, codec there and back, back, sampling.</summary>
internal sealed class OnePlace : IDisposable
{
    private const int RowsMax = 64;

    private readonly Segment _front;
    private readonly Segment _back;
    private readonly Segment _last; // has the head
    private readonly WeightFormat? _deviceFormat;
    private readonly KvCache _frontCache;
    private readonly KvCache _backCache;
    private readonly Workspace _workspace = new(Quill.Config, RowsMax, ComputeThreads.Single);
    private readonly HiddenStateEncoder _encoder;
    private readonly Sampler _sampler = new();
    private readonly float[] _logits = new float[Quill.Config.VocabularySize];
    private readonly ImmutableList<int> _prompt;
    private readonly List<int> _generated;
    private int _position;

    private OnePlace(FixedPlan plan, ImmutableList<int> prompt, IEnumerable<int> generatedBefore, WeightFormat? deviceFormat)
    {
        _deviceFormat = deviceFormat;
        (_front, _back) = (Quill.Front(plan.SplitLayer, deviceFormat), Quill.Back(plan.SplitLayer));
        _last = _front.HasHead ? _front : _back;
        (_frontCache, _backCache) = (NewCache(_front), NewCache(_back));
        _encoder = new HiddenStateEncoder(plan.Compression, calibration: null);
        (_prompt, _generated) = (prompt, [.. generatedBefore]);
    }

    /// <summary>The tokens that follow a text, with the whole of it through the plan's front and codec.</summary>
    public static IEnumerable<int> Continue(
        FixedPlan plan, ImmutableList<int> prompt, IEnumerable<int> generatedBefore, SamplingOptions sampling, int count, WeightFormat? deviceFormat = null)
    {
        using var place = new OnePlace(plan, prompt, generatedBefore, deviceFormat);
        return place.Generate(sampling, count);
    }

    /// <summary>The same, with keys and values of all tokens but the last from all layers in one, and those of the back through frames.</summary>
    public static IEnumerable<int> ContinueShipped(
        FixedPlan plan, ImmutableList<int> prompt, IEnumerable<int> generatedBefore, SamplingOptions sampling, int count, KvFrameOptions options, int chunk,
        WeightFormat? deviceFormat = null)
    {
        using var place = new OnePlace(plan, prompt, generatedBefore, deviceFormat);
        place.Ship(options, chunk);
        return place.Generate(sampling, count);
    }

    public void Dispose()
    {
        _frontCache.Dispose();
        _backCache.Dispose();
    }

    private void Ship(KvFrameOptions options, int chunk)
    {
        var whole = Quill.Front(Quill.Config.LayerCount, _deviceFormat);
        using var cache = NewCache(whole);
        int[] tokens = [.. _prompt.Concat(_generated).SkipLast(1)];
        var hidden = new float[tokens.Length * Quill.Config.HiddenSize];
        whole.Embed(tokens, hidden);
        whole.Forward([new SequenceRows(cache, 0, tokens.Length)], hidden, _workspace);
        var encoder = new KvFrameEncoder(options);
        var exact = new KvFrameEncoder(KvFrameOptions.Lossless);
        for (; _position < tokens.Length; _position += Math.Min(chunk, tokens.Length - _position))
        {
            var count = Math.Min(chunk, tokens.Length - _position);
            var own = exact.Encode(cache, new KvRange(_front.Layers, _position, count));
            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(own.Bytes.Span, _frontCache));
            var shipped = encoder.Encode(cache, new KvRange(_back.Layers, _position, count));
            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(shipped.Bytes.Span, _backCache, _back.Layers.First));
        }
    }

    private IEnumerable<int> Generate(SamplingOptions sampling, int count)
    {
        var first = _generated.Count;
        while (_generated.Count < first + count)
        {
            int[] tokens = [.. _prompt.Concat(_generated).Skip(_position).Take(RowsMax)];
            var hidden = Forward(tokens);
            _position += tokens.Length;
            if (_position < _prompt.Count + _generated.Count)
                continue;
            _last.Logits(hidden.AsSpan(hidden.Length - Quill.Config.HiddenSize), _logits, _workspace);
            _generated.Add(_sampler.Sample(_logits, sampling, sampling.UsesGenerated ? [.. _generated] : [], _position));
        }

        return [.. _generated.Skip(first)];
    }

    private float[] Forward(int[] tokens)
    {
        var hidden = new float[tokens.Length * Quill.Config.HiddenSize];
        _front.Embed(tokens, hidden);
        _front.Forward([new SequenceRows(_frontCache, _position, tokens.Length)], hidden, _workspace);
        if (_front.HasHead)
            return hidden;
        var frame = _encoder.Encode(hidden, tokens.Length, Quill.Config.HiddenSize, []);
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame.Bytes.Span, hidden, out _, calibration: null, []));
        _back.Forward([new SequenceRows(_backCache, _position, tokens.Length)], hidden, _workspace);
        return hidden;
    }

    private static KvCache NewCache(Segment segment) => segment.CreateCache(Quill.Config.ContextLength, KvFormat.Float16);
}
