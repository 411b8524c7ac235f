using System.Collections.Immutable;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What sessions do, computed in one place and without actors: front, codec there and back, back, sampling.</summary>
internal static class OnePlace
{
    private const int RowsMax = 64;

    /// <summary>The tokens that follow a text, with the whole of it through the plan's front and codec.</summary>
    public static IEnumerable<int> Continue(FixedPlan plan, ImmutableList<int> prompt, IEnumerable<int> generatedBefore, SamplingOptions sampling, int count)
    {
        var (front, back) = (Quill.Front(plan.SplitLayer), Quill.Back(plan.SplitLayer));
        using var frontCache = front.CreateCache(Quill.Config.ContextLength, KvFormat.Float16);
        using var backCache = back.CreateCache(Quill.Config.ContextLength, KvFormat.Float16);
        var workspace = new Workspace(Quill.Config, RowsMax, ComputeThreads.Single);
        var encoder = new HiddenStateEncoder(plan.Compression, calibration: null);
        var sampler = new Sampler();
        var generated = generatedBefore.ToList();
        var position = 0;
        var hidden = Array.Empty<float>();
        var logits = new float[Quill.Config.VocabularySize];
        var first = generated.Count;
        while (generated.Count < first + count)
        {
            int[] tokens = [.. prompt.Concat(generated).Skip(position).Take(RowsMax)];
            hidden = new float[tokens.Length * Quill.Config.HiddenSize];
            front.Embed(tokens, hidden);
            front.Forward([new SequenceRows(frontCache, position, tokens.Length)], hidden, workspace);
            var frame = encoder.Encode(hidden, tokens.Length, Quill.Config.HiddenSize, []);
            Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame.Bytes.Span, hidden, out _, calibration: null, []));
            back.Forward([new SequenceRows(backCache, position, tokens.Length)], hidden, workspace);
            position += tokens.Length;
            if (position < prompt.Count + generated.Count)
                continue;
            back.Logits(hidden.AsSpan(hidden.Length - Quill.Config.HiddenSize), logits, workspace);
            generated.Add(sampler.Sample(logits, sampling, sampling.UsesGenerated ? [.. generated] : [], position));
        }

        return generated.Skip(first);
    }
}
