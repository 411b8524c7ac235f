using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Workers that get drawn messages, from likely to absurd; <see cref="WorkerStepper"/> checks the invariants. A failure names its seed.</summary>
public sealed class BackendWorkerPropertyTests
{
    private const int WorkerCount = 200;
    private const int StepCount = 200;

    [Fact]
    public void Worker_WithAnyMessages_KeepsItsInvariants()
    {
        var answerCount = 0;
        for (var seed = 1ul; seed <= WorkerCount; seed++)
        {
            var random = new SplitMix64(seed);
            var arbitrary = new ArbitraryMessages(random);
            var firstLayer = random.Next(2) * 4;
            var worker = new WorkerStepper(options => options with { Layers = new(firstLayer, 8) });
            for (var step = 0; step < StepCount; step++)
            {
                try
                {
                    WorkerMessages.Send(worker, random, arbitrary);
                }
                catch (Exception exception)
                {
                    throw new InvalidOperationException($"Seed {seed}, step {step}.", exception);
                }

                answerCount += worker.Sent<StepResult>().Count();
            }
        }

        Assert.InRange(answerCount, WorkerCount * 10, int.MaxValue); // the messages lead somewhere
    }
}
