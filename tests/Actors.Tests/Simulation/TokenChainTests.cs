using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Actors.Tests.Simulation;

/// <summary>The stand-in for a model depends on all that a model depends on, and on nothing else.</summary>
public sealed class TokenChainTests
{
    private const int LayerCount = 8;

    private static readonly int[] Prompt = [5, 3, 8];
    private static readonly SamplingOptions Sampling = new() { RepetitionPenalty = 1.1f, Seed = 9 };

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void Split_AtAnyLayer_DrawsTheReferencesToken(int splitLayer) => Assert.Equal(Reference(), Split(splitLayer, splitLayer, Prompt));

    [Fact]
    public void Device_WithAllLayers_DrawsTheReferencesToken()
    {
        var front = new ChainFront(LayerCount, LayerCount, rowBytes: 1, Sampling);

        Assert.Equal(Reference(), front.Compute(new EdgeEffect.ComputeFront(0, [.. Prompt], []), computeUs: 0).Token);
    }

    [Fact]
    public void Frame_OfAnotherSplit_DrawsAnotherToken() => Assert.NotEqual(Reference(), Split(4, 3, Prompt));

    [Fact]
    public void Tokens_InAnotherOrder_DrawAnotherToken() => Assert.NotEqual(Reference(), Split(4, 4, [3, 5, 8]));

    [Fact]
    public void Frame_OneBitFlippedOrCutOff_IsRefused()
    {
        var bytes = Frame(4, Prompt).ToByteArray();
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(ChainFrame.TryDecode(flipped, 4, ChainContent.HiddenStates, new ulong[Prompt.Length]));
        }

        for (var length = 0; length < bytes.Length; length++)
            Assert.False(ChainFrame.TryDecode(bytes.AsSpan(0, length), 4, ChainContent.HiddenStates, new ulong[Prompt.Length]));
    }

    [Fact]
    public void Cache_StepBehindOrBeforeItsEnd_Throws()
    {
        var cache = new ChainCache(4, tokenCountMax: 16);

        Assert.Throws<InvalidOperationException>(() => cache.Compute(Entry(1, Prompt, 4), _ => 0));
        cache.Compute(Entry(0, Prompt, 4), _ => 0);
        Assert.Throws<InvalidOperationException>(() => cache.Compute(Entry(0, Prompt, 4), _ => 0));
    }

    [Fact]
    public void Front_ComputingAgainFromAPosition_ForgetsWhatWasBehindIt()
    {
        var front = new ChainFront(4, LayerCount, rowBytes: 1, Sampling);
        front.Compute(new EdgeEffect.ComputeFront(0, [5, 3, 7, 7], null), computeUs: 0);
        front.Compute(new EdgeEffect.ComputeFront(2, [8], null), computeUs: 0);
        var again = front.Compute(new EdgeEffect.ComputeFront(0, [.. Prompt], null), computeUs: 0);

        Assert.Equal(Frame(4, Prompt), again.Frame);
    }

    private static int Reference() => new ChainReference(Prompt, Sampling).Next();

    private static int? Split(int splitLayer, int readerSplit, int[] prompt)
    {
        var cache = new ChainCache(readerSplit, tokenCountMax: 16);
        return cache.Compute(Entry(0, prompt, splitLayer), _ => 0).Token;
    }

    private static Google.Protobuf.ByteString Frame(int splitLayer, int[] prompt) =>
        new ChainFront(splitLayer, LayerCount, rowBytes: 1, Sampling).Compute(new EdgeEffect.ComputeFront(0, [.. prompt], null), computeUs: 0).Frame!;

    private static BatchEntry Entry(uint position, int[] prompt, int splitLayer)
    {
        var step = new DecodeStep { Position = position, TokenCount = (uint)prompt.Length, Samples = true, Frame = Frame(splitLayer, prompt) };
        var session = new WorkerSession("edge", Epoch: 1, Sampling, TokenCountMax: 16, AcceptedCount: 0, SeenAt: default) { Layers = LayerRange.Back(splitLayer, LayerCount) };
        return new BatchEntry(new QueuedStep(SessionKey.Of("edge/1", 1), step, ArrivedAt: default, Opening: 0), session, StartedAt: default);
    }
}
