using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Links;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Planning.Selection;

/// <summary>A model of 1B weights, a device with four times less speed than the worker, and the paper's channel.</summary>
public sealed class PlannerTests
{
    private const long Megabyte = 1_000_000;

    private static readonly PlanningProblem Problem = new()
    {
        Config = ModelShapes.Parse("llama-1b", "--shape"),
        DeviceLoad = new DeviceLoad { TokenCountMax = 350, ChunkRows = 64, ThreadCount = 2 },
        Device = Machine("device", layerSeconds: 4e-3),
        Worker = new WorkerSituation(Machine("worker", layerSeconds: 1e-3), new(8), KvFormat.Float16),
        Uplink = new RayleighLink(new RayleighChannel(10e6, 10), delaySeconds: 5e-3),
        Downlink = new RayleighLink(new RayleighChannel(10e6, 10), delaySeconds: 5e-3),
        Traffic = new TokenTraffic([.. Enumerable.Repeat(1400L, 15)], TokenIdBytes: 40),
        PromptTokens = 64,
        FrontWeights = [new(4), new(8)],
        FrontKv = [KvFormat.Float16, KvFormat.Int8],
        MemoryBytesMax = 2000 * Megabyte,
    };

    private readonly FixedAccuracy _accuracy = new();

    [Fact]
    public void Decide_WorkerIsFaster_SaysDoNotSplit()
    {
        var plan = Planner.Decide(Problem, _accuracy);
        Assert.False(plan.IsSplit);
        Assert.Equal(0, plan.Choice!.Choice.SplitLayer);
        Assert.StartsWith("Do not split: the worker alone takes ", plan.Reason, StringComparison.Ordinal);
        Assert.Contains(plan.Candidates, candidate => candidate.Verdict == Verdict.NoGain);
    }

    [Fact]
    public void Decide_DeviceIsFaster_SaysDoNotSplit()
    {
        var plan = Planner.Decide(Problem with { Device = Machine("device", layerSeconds: 0.2e-3) }, _accuracy);
        Assert.Equal((false, 16), (plan.IsSplit, plan.Choice!.Choice.SplitLayer));
        Assert.StartsWith("Do not split: the device alone takes ", plan.Reason, StringComparison.Ordinal);
        Assert.Equal(KvFormat.Float16, plan.Choice.Choice.FrontKv); // as fast as 8 bits here, and more precise
    }

    /// <summary>The device is faster and has not the memory for all layers; and the worker is busy.</summary>
    [Fact]
    public void Decide_NeitherAloneIsBest_Splits()
    {
        var plan = Planner.Decide(
            Problem with
            {
                Device = Machine("device", layerSeconds: 0.2e-3),
                Worker = Problem.Worker! with { BatchSize = 8, Profile = Machine("worker", layerSeconds: 2e-3) },
                MemoryBytesMax = 400 * Megabyte,
            },
            _accuracy);
        Assert.True(plan.IsSplit);
        Assert.Equal(16 * 16, plan.Choice!.ActivationBits);
        Assert.InRange(plan.Choice.Memory.ByteCount, 350 * Megabyte, 400 * Megabyte);
        Assert.InRange(plan.Choice.Token.Seconds, 0, plan.Candidates[0].Token.Seconds);
        Assert.StartsWith($"Split after layer {plan.Choice.Choice.SplitLayer} of 16: ", plan.Reason, StringComparison.Ordinal);
        Assert.Contains("the worker alone would take", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_DeadlineTooShort_NamesTheMissingMilliseconds()
    {
        var plan = Planner.Decide(Problem with { DeadlineSeconds = 10e-3, MemoryBytesMax = 40 * Megabyte + DeviceMemory.RuntimeBytesDefault }, _accuracy);
        Assert.Null(plan.Choice);
        var change = Assert.Single(plan.SmallestChange);
        Assert.Equal((Constraint.Deadline, plan.Candidates[0].TokenSecondsWorst), (change.Constraint, change.Needed));
        Assert.Contains("deadline: 10.0 ms per token given, ", plan.Reason, StringComparison.Ordinal);
    }

    /// <summary>A device that stays offline: of the two limits that could give way, the message names the nearer one first.</summary>
    [Fact]
    public void Decide_NoLinkAndTooLittleMemory_NamesTheMissingBytes()
    {
        var alone = DeviceMemory.Of(Problem.Config, new SplitChoice(16, new(4), new(4), KvFormat.Int8, KvFormat.Int8), Problem.DeviceLoad).ByteCount;
        var dead = new MeasuredLink(outageTarget: 0.001);
        var plan = Planner.Decide(Problem with { Uplink = dead, Downlink = dead, DeadlineSeconds = 1, MemoryBytesMax = alone - 1 }, _accuracy);
        Assert.Equal([new Shortfall(Constraint.Memory, alone - 1, alone)], plan.SmallestChange);
        Assert.Equal(plan.SmallestChange, plan.SingleChanges);
    }

    [Fact]
    public void Decide_AccuracyTooStrict_NamesTheMissingRise()
    {
        var strict = new FixedAccuracy { Base = 0.03 };
        var plan = Planner.Decide(Problem with { PerplexityRiseMax = 0.01 }, strict);
        Assert.Equal(new Shortfall(Constraint.Accuracy, 0.01, 0.03), Assert.Single(plan.SmallestChange));
        Assert.Contains("accuracy: 1.00% rise of perplexity allowed, 3.00% needed, 2.00% more", plan.Reason, StringComparison.Ordinal);
    }

    /// <summary>Where nothing was measured a limit is not taken to be kept; without a limit it is no matter.</summary>
    [Fact]
    public void Decide_NothingMeasured_KeepsNoLimitOfAccuracy()
    {
        var unmeasured = new Unmeasured();
        Assert.NotNull(Planner.Decide(Problem, unmeasured).Choice);
        var plan = Planner.Decide(Problem with { PerplexityRiseMax = 0.5 }, unmeasured);
        Assert.Null(plan.Choice);
        Assert.Empty(plan.SmallestChange);
        Assert.Contains("50.00% rise of perplexity allowed, and none was measured", plan.Candidates[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_BackOnTheDevice_ChoosesItsBitsToo()
    {
        var whole = Problem with
        {
            DeviceLoad = Problem.DeviceLoad with { Share = DeviceShare.WholeModel },
            BackWeights = [new(2), new(3)],
            BackKv = [KvFormat.Int4],
        };
        var plan = Planner.Decide(whole, _accuracy);
        Assert.Equal(1 + (15 * 2 * 2 * 2 * 1) + (2 * 2), plan.Candidates.Count);
        var candidate = plan.Candidates.First(found => found.Choice is { SplitLayer: 8, FrontWeights.Bits: 4, BackWeights.Bits: 3 });
        Assert.Equal(8 * (16 + 4), candidate.ActivationBits);
        Assert.True(candidate.Memory.BackWeights.MatrixBytes > 0);
    }

    /// <summary>The device alone waits for nobody; the worker alone has nothing to encode.</summary>
    [Fact]
    public void Decide_CostsBesideLayers_CountWhereTheyArise()
    {
        var wake = new WakeCost(PassSeconds: 1e-3, LayerSeconds: 1e-4);
        var costs = new SessionCosts(EncodeSeconds: 2e-3, DecodeSeconds: 3e-3, HandOverSeconds: 1e-5, ArrivalSeconds: 4e-3);
        var with = Planner.Decide(Problem with { Device = Add(Problem.Device), Worker = Problem.Worker! with { Profile = Add(Problem.Worker!.Profile) } }, _accuracy).Candidates;
        var without = Planner.Decide(Problem, _accuracy).Candidates;
        foreach (var (more, less) in with.Zip(without))
        {
            var (split, back) = (more.Choice.SplitLayer, Problem.Config.LayerCount - more.Choice.SplitLayer);
            var device = split == 0 ? 4e-3 : back == 0 ? 2e-5 : 4e-3 + 2e-5 + 2e-3 + wake.Seconds(split);
            var worker = back == 0 ? 0 : 4e-3 + 2e-5 + (split == 0 ? 0 : 3e-3) + wake.Seconds(back);
            Assert.Equal(device, more.Token.Device - less.Token.Device, 1e-12);
            Assert.Equal(worker, more.Token.Worker - less.Token.Worker, 1e-12);
        }

        MachineProfile Add(MachineProfile profile) => profile with
        {
            Session = costs,
            Formats = profile.Formats.ToDictionary(format => format.Key, format => format.Value with { Wake = wake }),
        };
    }

    [Fact]
    public void Decide_FormatWithoutProfile_IsRefused() =>
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { FrontWeights = [new(3)] }, _accuracy));

    [Fact]
    public void Decide_ImpossibleProblem_IsRefused()
    {
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { PromptTokens = 351 }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { PromptTokens = 0 }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { DeadlineSeconds = 0 }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { DeadlineSeconds = double.NaN }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { PerplexityRiseMax = -1 }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { FrontKv = [] }, _accuracy));
        Assert.Throws<UserErrorException>(() => Planner.Decide(Problem with { DeviceLoad = Problem.DeviceLoad with { Share = DeviceShare.WholeModel } }, _accuracy));
    }

    private static MachineProfile Machine(string name, double layerSeconds)
    {
        var profile = new ComputeProfile(new(0, layerSeconds / 10, 0), new(layerSeconds, layerSeconds / 20, 0), new(2 * layerSeconds, 0, 0), new(0, 1e-6, 0));
        var formats =
            from bits in new[] { 4, 8 }
            from kv in new[] { KvFormat.Float16, KvFormat.Int8 }
            select (new WeightFormat(bits), kv);
        return new MachineProfile(name, formats.ToDictionary(format => format, _ => profile));
    }

    private sealed class Unmeasured : IAccuracyModel
    {
        public double? PerplexityRise(SplitChoice choice) => null;
    }

    /// <summary>A rise for fewer bits, on top of one that all candidates share.</summary>
    private sealed class FixedAccuracy : IAccuracyModel
    {
        public double Base { get; init; }

        public double? PerplexityRise(SplitChoice choice) => Base + (choice.SplitLayer * 1e-4 * (16 - choice.FrontWeights.Bits));
    }
}
