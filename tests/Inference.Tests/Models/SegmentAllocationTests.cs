using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Models;

public sealed class SegmentAllocationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decode_InSteadyState_AllocatesNothing(bool samples)
    {
        const int WarmUpTokens = 70, MeasuredTokens = 50; // the cache grows at 64 and at 128
        var options = samples ? new SamplingOptions { Temperature = 1, TopP = 0.9f, MinP = 0.01f, Seed = 3 } : SamplingOptions.Greedy;
        var (front, back) = (Quill.Front(4), Quill.Back(4));
        var (frontCache, backCache) = (front.CreateCache(256), back.CreateCache(256));
        var workspace = new Workspace(Quill.Config, 1, ComputeThreads.Single);
        var sampler = new Sampler();
        var hidden = new float[Quill.Config.HiddenSize];
        var logits = new float[Quill.Config.VocabularySize];
        var token = 4094;
        Generate(WarmUpTokens);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Generate(MeasuredTokens);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(WarmUpTokens + MeasuredTokens, frontCache.TokenCount);

        void Generate(int tokenCount)
        {
            for (var i = 0; i < tokenCount; i++)
            {
                var position = frontCache.TokenCount;
                front.Embed([token], hidden);
                front.Forward([new SequenceRows(frontCache, position, 1)], hidden, workspace);
                back.Forward([new SequenceRows(backCache, position, 1)], hidden, workspace);
                back.Logits(hidden, logits, workspace);
                token = sampler.Sample(logits, options, [], position + 1);
            }
        }
    }
}
