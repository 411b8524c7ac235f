using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Planning.EarlyExit;
using SplitActors.Inference.Planning.Links;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.EarlyExit;

/// <summary>Equation 12 against brute force over all (w, ℓ, I_kv, bits).</summary>
public sealed class EarlyExitControllerTests
{
    private const int CaseCount = 5000;

    private static readonly Gen<int> Seeds = Gen.Choose(0, int.MaxValue - 1);

    [Fact]
    public void Deepest_AnyCosts_IsThatOfBruteForce() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var costs = new TabulatedCosts(seed);
        var expected = costs.AllExits().Where(exit => Keeps(costs, exit, costs.ComputeSeconds(exit.TokenCount, exit.Layer))).Cast<ExitState?>().FirstOrDefault();
        Assert.Equal(expected, EarlyExitController.Deepest(costs.Problem));
    });

    /// <summary>At any point of the walk, with any time elapsed: what is ahead takes its time, what is behind can be shipped now.</summary>
    [Fact]
    public void Decide_AnywhereAtAnyTime_IsThatOfBruteForce() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var costs = new TabulatedCosts(seed);
        var random = new Random(seed + 1);
        var (token, layer) = (random.Next(1, costs.TokenCountMax + 1), random.Next(1, costs.LayerCount + 1));
        var (computed, elapsed) = (costs.ComputeSeconds(token, layer), (double)random.Next(0, 100));
        var best = costs.AllExits().Where(exit => Keeps(costs, exit, ArrivalOf(exit))).Cast<ExitState?>().FirstOrDefault();
        var expected = best is null ? ExitAction.DeadlineLost : IsAhead(best.Value) ? ExitAction.GoOn : ExitAction.Exit;
        Assert.Equal(new ExitDecision(expected, best), EarlyExitController.Decide(costs.Problem, token, layer, elapsed));

        bool IsAhead(ExitState exit) => (exit.TokenCount, exit.Layer).CompareTo((token, layer)) > 0;
        double ArrivalOf(ExitState exit) => elapsed + (IsAhead(exit) ? costs.ComputeSeconds(exit.TokenCount, exit.Layer) - computed : 0);
    });

    /// <summary>
    /// As long as everything takes what was foretold, asking after each layer leads to the exit that was planned at first.
    /// </summary>
    [Fact]
    public void Decide_StepByStep_StopsAtTheDeepest() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var costs = new TabulatedCosts(seed);
        Assert.Equal(EarlyExitController.Deepest(costs.Problem), Walk(costs, _ => { }));
    });

    /// <summary>However the link changes on the way, the state that is shipped keeps the deadline on the link as it is then.</summary>
    [Fact]
    public void Decide_LinkChanges_ShipsWhatStillKeepsTheDeadline() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var (costs, random) = (new TabulatedCosts(seed), new Random(seed + 1));
        var elapsed = 0.0;
        var shipped = Walk(costs, now =>
        {
            elapsed = now;
            costs.SecondsPerByte = random.Next(1, 5) / 2.0;
        });
        if (shipped is { } state)
            Assert.True(Keeps(costs, state, elapsed), $"{state} after {elapsed} s of {costs.DeadlineSeconds} s");
    });

    [Fact]
    public void Decide_CompressionSuffices_GoesDeeperInsteadOfExiting()
    {
        var costs = new LinearCosts();
        var atMostBits = costs.Problem(deadlineSeconds: 40, bits: [8]);
        var compressed = costs.Problem(deadlineSeconds: 40, bits: [8, 4]);
        var (first, second) = (EarlyExitController.Deepest(atMostBits)!.Value, EarlyExitController.Deepest(compressed)!.Value);
        Assert.InRange(second.Depth, first.Depth + 1, long.MaxValue);
        Assert.Equal(ExitAction.GoOn, EarlyExitController.Decide(compressed, first.TokenCount, first.Layer, costs.ComputeSeconds(first.TokenCount, first.Layer)).Action);
    }

    [Fact]
    public void Deepest_AmpleDeadline_ConcedesNothing()
    {
        var found = EarlyExitController.Deepest(new LinearCosts().Problem(deadlineSeconds: 1e9, bits: [3, 8, 4]));
        Assert.Equal(new ExitState(20, 5, ShipsKvCache: true, Bits: 8), found);
    }

    [Fact]
    public void Decide_LinkIsDead_SaysTheDeadlineIsLost()
    {
        var costs = new LinearCosts { SecondsPerByte = double.PositiveInfinity };
        var problem = costs.Problem(deadlineSeconds: 100, bits: [4]);
        Assert.Null(EarlyExitController.Deepest(problem));
        Assert.Equal(new ExitDecision(ExitAction.DeadlineLost, null), EarlyExitController.Decide(problem, 3, 2, 10));
    }

    /// <summary>Layers that stay on the device spare their keys and values, so a deeper exit may be the only one in time.</summary>
    [Fact]
    public void Deepest_BytesFallWithLayers_StaysAtMoreLayersRatherThanFewerTokens()
    {
        var costs = new LinearCosts { SparesLayers = true };
        Assert.Equal(new ExitState(11, 5, ShipsKvCache: true, Bits: 8), EarlyExitController.Deepest(costs.Problem(deadlineSeconds: 64, bits: [8], exitLayers: [2, 5])));
        Assert.Equal(new ExitState(8, 2, ShipsKvCache: true, Bits: 8), EarlyExitController.Deepest(costs.Problem(deadlineSeconds: 64, bits: [8], exitLayers: [2])));
    }

    /// <summary>Where the worker takes all layers over, tokens alone count.</summary>
    [Fact]
    public void Deepest_NoLayerStays_HasTheMostTokens()
    {
        var found = EarlyExitController.Deepest(new LinearCosts().Problem(deadlineSeconds: 50, bits: [4], exitLayers: [0]));
        Assert.Equal(new ExitState(8, 0, ShipsKvCache: false, Bits: 4), found);
    }

    [Fact]
    public void Soonest_NothingIsInTime_IsWhatArrivesFirst() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var costs = new TabulatedCosts(seed);
        var token = 1 + (seed % costs.TokenCountMax);
        var soonest = EarlyExitController.Soonest(costs.Problem, token);
        Assert.Equal(
            costs.AllExits().Where(exit => exit.TokenCount == token).MinBy(exit => (costs.PrepareSeconds(exit) + costs.ByteCount(exit), !exit.ShipsKvCache, -exit.Bits, -exit.Layer)),
            soonest);
    });

    [Theory]
    [InlineData(-1)]
    [InlineData(6)]
    public void Problem_ExitOutsideOfTheModel_IsRefused(int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinearCosts().Problem(1, [4], [1, layer]));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(21, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 6)]
    public void Decide_NoSuchPoint_IsRefused(int tokenCount, int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => EarlyExitController.Decide(new LinearCosts().Problem(1, [4]), tokenCount, layer, 0));

    private static bool Keeps(TabulatedCosts costs, ExitState exit, double arrival) =>
        arrival + costs.PrepareSeconds(exit) + costs.WorstCaseSeconds(costs.ByteCount(exit)) <= costs.DeadlineSeconds;

    /// <summary>Computes layer after layer until told otherwise.</summary>
    private static ExitState? Walk(TabulatedCosts costs, Action<double> beforeAsking)
    {
        for (var token = 1; token <= costs.TokenCountMax; token++)
        {
            for (var layer = 1; layer <= costs.LayerCount; layer++)
            {
                var elapsed = costs.ComputeSeconds(token, layer);
                beforeAsking(elapsed);
                var decision = EarlyExitController.Decide(costs.Problem, token, layer, elapsed);
                if (decision.Action != ExitAction.GoOn)
                    return decision.Target;
            }
        }

        throw new InvalidOperationException("It went on beyond the last layer of the last token.");
    }

    /// <summary>20 tokens, 5 layers; a second for each layer, and bytes as many as bits, tokens and layers.</summary>
    private sealed class LinearCosts : IExitCosts, ILinkModel
    {
        public double SecondsPerByte { get; init; } = 0.1;

        /// <summary>A layer that stays on the device takes a fifth of the bytes away.</summary>
        public bool SparesLayers { get; init; }

        public EarlyExitProblem Problem(double deadlineSeconds, int[] bits, int[]? exitLayers = null) =>
            new(this, this, deadlineSeconds, tokenCountMax: 20, layerCount: 5, bits, exitLayers);

        public double ComputeSeconds(int tokenCount, int layer) => ((tokenCount - 1) * 5) + layer;

        public long ByteCount(ExitState state) => state.Bits * state.TokenCount * (SparesLayers ? 6 - state.Layer : state.ShipsKvCache ? 5 : 4);

        public double ExpectedSeconds(long byteCount) => byteCount * SecondsPerByte;

        public double WorstCaseSeconds(long byteCount) => byteCount * SecondsPerByte;
    }
}
