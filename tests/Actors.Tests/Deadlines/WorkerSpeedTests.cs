using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Actors.Tests.Deadlines;

public sealed class WorkerSpeedTests
{
    private static readonly WorkerSpeed Speed = WorkerSpeed.Of(FlatCosts.WorkerOf(passUs: 8000, rowUs: 100));

    [Theory]
    [InlineData(1, 8100)]
    [InlineData(2, 2 * (8000 + 6600))]
    [InlineData(64, 2 * (8000 + 12_800))]
    [InlineData(1000, 2 * (8000 + 12_800))] // batches have a size
    public void StepAtWorst_WaitsForABatch_AndSharesOne(int sessionCount, double microseconds) =>
        Assert.Equal(microseconds, Speed.StepUsWorst(Load(sessionCount)), 1e-9);

    [Theory]
    [InlineData(16u, 2 * (8000 + 1800))]
    [InlineData(100u, 2 * (8000 + 10_200))]
    [InlineData(1000u, 2 * (8000 + 12_800))]
    public void StepAtWorst_SharesABatchWithAsMuchOfPromptsAsTheWorkerTakes(uint promptRowsMax, double microseconds)
    {
        var speed = WorkerSpeed.Of(new WorkerProfile(FlatCosts.WorkerOf(passUs: 8000, rowUs: 100)) { PromptRowsMax = promptRowsMax });
        Assert.Equal(microseconds, speed.StepUsWorst(Load(2)), 1e-9);
    }

    [Fact]
    public void Slowdown_RisesAtOnce_AndFallsSlowly()
    {
        var slower = Speed.After(null, Status(batches: 10, rows: 20, us: 2 * 82_000));
        Assert.Equal(2, slower.Slowdown, 1e-9);
        Assert.Equal(2 * 8100, slower.BatchUs(1, 4, 100), 1e-9);

        var later = slower.After(Status(10, 20, 164_000), Status(20, 40, 164_000 + 82_000));
        Assert.Equal(1.8, later.Slowdown, 1e-9);
    }

    [Fact]
    public void ReportWithoutBatches_ChangesNothing()
    {
        Assert.Equal(Speed, Speed.After(Status(10, 20, 1000), Status(10, 20, 1000)));
        Assert.Equal(Speed, Speed.After(null, new WorkerStatus()));
    }

    [Fact]
    public void WorkerThatStartedAnew_CountsFromZero() =>
        Assert.Equal(3, Speed.After(Status(1000, 1000, 9_000_000), Status(10, 10, 3 * 81_000)).Slowdown, 1e-9);

    [Fact]
    public void UnmeasuredWorker_IsKnownByItsBatches()
    {
        Assert.Equal(0, WorkerSpeed.Of(null).StepUsWorst(Load(5)));
        Assert.Equal(12_000, WorkerSpeed.Unknown.After(null, Status(10, 10, 120_000)).StepUsWorst(Load(1)), 1e-9);
    }

    private static WorkerLoad Load(int sessionCount) => new(sessionCount, LayerCount: 4, ContextLength: 100);

    private static WorkerStatus Status(ulong batches, ulong rows, ulong us) => new() { BatchCount = batches, RowsComputed = rows, ComputeUsSum = us };
}
