using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class BillTests
{
    private const int GeneratedCount = 24;

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.0)]
    [InlineData(0, 0.1)]
    [InlineData(2, 0.1)]
    [InlineData(3, 0.1)]
    public async Task Bills_OfASession_AddUpToWhatWasSent(int planIndex, double dropRate)
    {
        var plan = Undisturbed.DistributedPlans[planIndex];
        var faults = new NetworkFaults { DropRate = dropRate, DelayRate = 1, DelayMax = TimeSpan.FromMilliseconds(100) };
        await using var cluster = new SimulatedCluster(plan, (inner, clock) => new FaultyTransport(inner, clock, 5, faults));
        cluster.StartWorker("worker/1");
        cluster.Driver.RunFor(TimeSpan.FromSeconds(3));
        var started = cluster.Driver.Time.Elapsed;
        var session = cluster.StartSession(
            Undisturbed.LongPrompt, change: options => options with { ChunkTokensMax = 16, GeneratedCountMax = GeneratedCount, EndTokens = [] });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        var bills = session.Events.OfType<TokenGenerated>().Select(generated => generated.Bill).ToList();
        var total = bills.Aggregate((a, b) => a + b);
        var steps = cluster.Network.Bodies<DecodeStep>().ToList();
        var stored = steps.DistinctBy(step => step.Position).ToList();

        Assert.Equal(Undisturbed.LongPrompt.Count + GeneratedCount - 1, total.RowCount);
        Assert.Equal(stored.Sum(step => step.TokenCount), total.RowCount);
        Assert.Equal(stored.Sum(step => (long)step.Frame.Length), total.FrameBytes);
        Assert.Equal(steps.Sum(step => (long)step.CalculateSize()), total.MessageBytes);
        Assert.Equal(steps.Count - stored.Count, total.ResentCount);
        Assert.Equal(dropRate > 0, total.ResentCount > 0);
        Assert.Equal(plan.Mode == ExecutionMode.Cloud ? 0 : total.RowCount * 2L * Quill.Config.HiddenSize, total.RawBytes);
        Assert.Equal(IsCoded(plan) ? total.RowCount : 0, total.BitsHistogram.Sum());
        Assert.InRange((cluster.Driver.Time.Elapsed - started).TotalMicroseconds - total.ElapsedUs, -1, 1);
        Assert.All(bills, bill => Assert.InRange(bill.TransportUs, 1, long.MaxValue));
        Assert.All(bills.Skip(1), bill => Assert.InRange(bill.TransportUs, 1, bill.ElapsedUs));
    }

    [Fact]
    public async Task Bill_OfTheTokenAfterALoss_CountsTheReplay()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        cluster.StartWorker("worker/2");
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { GeneratedCountMax = 20 });
        cluster.RunUntil(() => session.TokenCount == 10);
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        var bills = session.Events.OfType<TokenGenerated>().Select(generated => generated.Bill).ToList();
        var steps = cluster.Network.Bodies<DecodeStep>().ToList();
        Assert.Equal(steps.Count - steps.DistinctBy(step => step.Position).Count(), bills.Sum(bill => bill.ResentCount));
        Assert.InRange(bills[10].ResentCount, 10, 11);
        Assert.All(bills, bill => Assert.Equal(bill == bills[0] ? Quill.Prompt(0).Count : 1, bill.RowCount));
    }

    private static bool IsCoded(FixedPlan plan) =>
        plan.Mode == ExecutionMode.Split && plan.Compression.Codec == FrameCodec.Tabq;
}
