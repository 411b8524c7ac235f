using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd.Batching;

/// <summary>A model on a worker, and the steps that its devices send, made once: of a prompt, and of one token after the other.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly Checkpoint? _checkpoint;
    private readonly DecodeStep[] _steps; // the prompt, then a token each

    /// <param name="name">In tables.</param>
    /// <param name="back">What the worker runs.</param>
    /// <param name="front">What devices have run; null: they send token ids.</param>
    /// <param name="promptCount">Tokens of a session's prompt.</param>
    /// <param name="tokenCount">That a session generates.</param>
    /// <param name="checkpoint">Disposed with this.</param>
    private ServedModel(string name, Segment back, Segment? front, int promptCount, int tokenCount, Checkpoint? checkpoint)
    {
        (Name, Back, PromptCount, TokenCount, _checkpoint) = (name, back, promptCount, tokenCount, checkpoint);
        _steps = front is null ? OfTokens(back.Config) : OfFrames(front);
    }

    public string Name { get; }

    public Segment Back { get; }

    public int PromptCount { get; }

    /// <summary>Tokens that a session generates.</summary>
    public int TokenCount { get; }

    public static ServedModel QuillCloud() => Quill(splitLayer: 0);

    public static ServedModel QuillSplit() => Quill(splitLayer: 4);

    /// <summary>Made-up weights in groups of 32: their values do not change what a pass takes.</summary>
    public static ServedModel LlamaCloud()
    {
        var config = ModelShapes.Parse("llama-1b", "shape");
        return new ServedModel("llama-1b int4, cloud", Segment.Synthesize(config, new LayerRange(0, config.LayerCount), WeightFormat.Of(4, groupSize: 32)), front: null, promptCount: 8, tokenCount: 16, checkpoint: null);
    }

    public void Dispose() => _checkpoint?.Dispose();

    /// <param name="index">0: the prompt; else that of a token.</param>
    public DecodeStep Step(int index) => new(_steps[index]);

    private static ServedModel Quill(int splitLayer)
    {
        var checkpoint = Checkpoint.Open(Repository.Quill);
        var layerCount = checkpoint.Config.LayerCount;
        var front = splitLayer == 0 ? null : Segment.Load(checkpoint, LayerRange.Front(splitLayer));
        var name = splitLayer == 0 ? "Quill, cloud" : $"Quill, split after {splitLayer}";
        return new ServedModel(name, Segment.Load(checkpoint, LayerRange.Back(splitLayer, layerCount)), front, promptCount: 32, tokenCount: 160, checkpoint);
    }

    private static int Token(ModelConfig config, int position) => (int)((position * 7919L) % config.VocabularySize);

    private DecodeStep[] OfTokens(ModelConfig config) =>
    [
        StepAt(0, new DecodeStep { Tokens = new TokenIds { Ids = { Enumerable.Range(0, PromptCount).Select(position => (uint)Token(config, position)) } } }),
        .. Enumerable.Range(PromptCount, TokenCount - 1).Select(position => StepAt(position, new DecodeStep { Tokens = new TokenIds { Ids = { (uint)Token(config, position) } } })),
    ];

    private DecodeStep[] OfFrames(Segment front)
    {
        var width = front.Config.HiddenSize;
        using var cache = front.CreateCache(PromptCount + TokenCount);
        using var workspace = new Workspace(front.Config, PromptCount, ComputeThreads.Single);
        var encoder = new HiddenStateEncoder(new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()));
        var hidden = new float[PromptCount * width];
        return [Frame(0, PromptCount), .. Enumerable.Range(PromptCount, TokenCount - 1).Select(position => Frame(position, 1))];

        DecodeStep Frame(int position, int count)
        {
            var rows = hidden.AsSpan(0, count * width);
            front.Embed([.. Enumerable.Range(position, count).Select(token => Token(front.Config, token))], rows);
            front.Forward([new SequenceRows(cache, position, count)], rows, workspace);
            return StepAt(position, new DecodeStep { Frame = ByteString.CopyFrom(encoder.Encode(rows, count, width).Bytes.Span) });
        }
    }

    private DecodeStep StepAt(int position, DecodeStep step)
    {
        step.Position = (uint)position;
        step.TokenCount = (uint)(position == 0 ? PromptCount : 1);
        step.Samples = true;
        step.Epoch = 1;
        return step;
    }
}
