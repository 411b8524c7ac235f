using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.EarlyExit;
using SplitActors.Inference.Planning.Links;
using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Tests.Planning.EarlyExit;

public sealed class OpscExitCostsTests
{
    private const int PromptTokens = 12;
    private static readonly ModelConfig Config = ModelShapes.Parse("llama-7b", "--shape");
    private static readonly SplitChoice Choice = new(20, new(4), new(3), KvFormat.Int8, KvFormat.Int4);
    private static readonly ComputeProfile Front = new(default, new(3e-3, 1e-4, 2e-6), default, new(0, 1e-5, 0));
    private static readonly ComputeProfile Back = new(default, new(2e-3, 1e-4, 3e-6), new(8e-3, 1e-3, 0), default);
    private readonly OpscExitCosts _costs = new(Config, Choice, Front, Back, PromptTokens, promptSeconds: 0.5);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 32)]
    [InlineData(9, 20)]
    [InlineData(40, 25)]
    public void ComputeSeconds_IsTheSumOfAllSteps(int tokenCount, int layer)
    {
        var expected = 0.5;
        for (var token = 1; token <= tokenCount; token++)
        {
            expected += 1e-5;
            for (var k = 1; k <= (token < tokenCount ? Config.LayerCount : layer); k++)
                expected += (k <= 20 ? Front : Back).DecodeSeconds(1, PromptTokens + token);
            expected += token < tokenCount ? Back.HeadSeconds(1) : 0;
        }

        Assert.Equal(1, _costs.ComputeSeconds(tokenCount, layer) / expected, 1e-12);
    }

    /// <summary>Keys and values of 8 and 4 bits: what is stored in 4 is not shipped in 6.</summary>
    [Fact]
    public void ByteCount_MoreBitsThanStored_ShipsWhatIsStored()
    {
        var expected = new StateSize(Config, 20, FrontBits: 6, BackBits: 4).ByteCount(PromptTokens + 7, 3, shipsKvCache: true);
        Assert.Equal(expected, _costs.ByteCount(new ExitState(7, 3, ShipsKvCache: true, Bits: 6)));
    }

    /// <summary>The whole of Algorithm 2 on the paper's model and channel.</summary>
    [Fact]
    public void Deepest_PapersChannel_GrowsWithTheDeadline()
    {
        var link = new RayleighLink(new RayleighChannel(10e6, 10));
        var depths = new double[] { 1, 2, 4, 8, 16 }
            .Select(deadline => EarlyExitController.Deepest(new EarlyExitProblem(_costs, link, deadline, tokenCountMax: 350, Config.LayerCount, [8, 6, 4, 3]))?.Depth ?? 0)
            .ToArray();
        Assert.Equal(depths.Order(), depths);
        Assert.InRange(depths[0], 1, depths[^1] - 1);
    }
}
