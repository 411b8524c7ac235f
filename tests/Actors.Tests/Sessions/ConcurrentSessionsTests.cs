using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class ConcurrentSessionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sessions_SharingBatches_GiveTheTokensThatTheyGiveAlone(int planIndex)
    {
        var plan = Undisturbed.DistributedPlans[planIndex];
        await using var cluster = new SimulatedCluster(plan, seed: 11);
        cluster.StartWorker("worker/1");
        var inputs = Enumerable.Range(0, 8)
            .Select(index => (
                Prompt: index % 4 == 3 ? Undisturbed.LongPrompt : Quill.Prompt(index % 5),
                Sampling: index % 2 == 0 ? SamplingOptions.Greedy : Undisturbed.Random with { Seed = (ulong)index % 3 }))
            .ToList();
        var sessions = new List<SimulatedSession>();
        foreach (var (prompt, sampling) in inputs)
        {
            sessions.Add(cluster.StartSession(prompt, sampling, options => options with { GeneratedCountMax = 24, EndTokens = [] }));
            cluster.RunSteps(25); // so that prompts of some meet tokens of others
        }

        cluster.RunUntilEnded(sessions);

        Assert.Contains(cluster.Network.Bodies<StepResult>(), result => result.BatchRows > 8);
        for (var i = 0; i < sessions.Count; i++)
        {
            Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), sessions[i].Ended);
            Assert.Equal(Undisturbed.Tokens(plan, inputs[i].Prompt, inputs[i].Sampling, 24), sessions[i].Tokens);
        }
    }
}
