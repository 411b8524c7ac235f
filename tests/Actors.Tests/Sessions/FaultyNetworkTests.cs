using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Many small worlds, each drawn from its seed: the network's faults, the order in which actors run, prompts, limits, workers that come and
/// go. Whatever happens, the tokens are those of an undisturbed session, and every session ends. A failure names its seed.
/// </summary>
public sealed class FaultyNetworkTests
{
    private const int GeneratedCount = 12;

    /// <summary>Worlds of each such test; SIMULATED_WORLDS in the environment asks for more.</summary>
    internal static readonly ulong WorldCount =
        ulong.TryParse(Environment.GetEnvironmentVariable("SIMULATED_WORLDS"), out var count) ? count : 25;

    private static readonly TimeSpan CalmAfter = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sessions_OverALossyNetworkWithWorkersThatComeAndGo_GiveTheUndisturbedTokens(int planIndex)
    {
        var totals = new FaultTotals();
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            await using var world = new World(Undisturbed.DistributedPlans[planIndex], seed);
            var sessions = world.StartSessions();
            world.Disturb(sessions);
            world.Run(sessions);

            foreach (var session in sessions)
            {
                Assert.True(session.Ended == new SessionEnded(EndReason.TokenLimit, null), $"Seed {seed}, session {session.Id}: {session.Ended}");
                Assert.True(world.HasUndisturbedTokens(session, GeneratedCount), $"Seed {seed}, session {session.Id}: other tokens.");
            }

            totals.Add(world, sessions);
        }

        totals.AssertThatAllFaultsHappened();
    }

    [Fact]
    public async Task Sessions_OverANetworkThatDies_FailExplicitlyAfterRightTokens()
    {
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            await using var world = new World(Undisturbed.Compressed, seed);
            var sessions = world.StartSessions();
            world.CutAfter(world.Random.Next(2500));
            world.Run(sessions);

            foreach (var session in sessions)
            {
                Assert.True(
                    session.Ended is { Reason: EndReason.TokenLimit } or { Reason: EndReason.Failed, Detail.Length: > 0 },
                    $"Seed {seed}, session {session.Id}: {session.Ended}");
                Assert.True(world.HasUndisturbedTokens(session, session.TokenCount), $"Seed {seed}, session {session.Id}: other tokens.");
            }
        }
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly FixedPlan _plan;
        private readonly SimulatedCluster _cluster;
        private readonly List<(SimulatedSession Session, ImmutableList<int> Prompt, SamplingOptions Sampling)> _inputs = [];
        private int _workerCount;

        public World(FixedPlan plan, ulong seed)
        {
            _plan = plan;
            Random = new SplitMix64(seed);
            var faults = new NetworkFaults
            {
                DropRate = Random.Next(11) / 100.0,
                DuplicateRate = Random.Next(21) / 100.0,
                DelayRate = Random.Next(101) / 100.0,
                DelayMax = TimeSpan.FromMilliseconds(1 + Random.Next(400)),
                WatchLossRate = Random.Next(2) / 2.0,
            };
            _cluster = new SimulatedCluster(_plan, (inner, clock) => Network = new FaultyTransport(inner, clock, Random.Next(), faults), Random.Next());
            StartWorker();
            StartWorker();
        }

        public SplitMix64 Random { get; }

        public FaultyTransport? Network { get; private set; }

        public List<SimulatedSession> StartSessions()
        {
            for (var count = 1 + Random.Next(3); count > 0; count--)
            {
                var prompt = Quill.Prompt(Random.Next(5));
                var sampling = Random.Next(2) == 0 ? SamplingOptions.Greedy : Undisturbed.Random;
                var chunkTokens = 1 + Random.Next(8);
                var inflightFrames = 1 + Random.Next(8);
                var session = _cluster.StartSession(prompt, sampling, options => options with
                {
                    GeneratedCountMax = GeneratedCount,
                    EndTokens = [],
                    ChunkTokensMax = chunkTokens,
                    InflightFramesMax = inflightFrames,
                    AnswerTimeout = TimeSpan.FromSeconds(1),
                    AttemptsMax = 8,
                    SchedulerAttemptsMax = 8,
                    FailoversMax = 64,
                });
                _inputs.Add((session, prompt, sampling));
            }

            return [.. _inputs.Select(input => input.Session)];
        }

        /// <summary>Stops and starts workers, and now and then the scheduler, at random times; at last one worker runs for sure.</summary>
        public void Disturb(List<SimulatedSession> sessions)
        {
            while (_cluster.Driver.Time.Elapsed < CalmAfter && sessions.Exists(session => session.Ended is null))
            {
                _cluster.Driver.RunFor(TimeSpan.FromMilliseconds(50 + Random.Next(1500)));
                _cluster.RunSteps(Random.Next(20));
                switch (Random.Next(8))
                {
                    case < 3 when _cluster.Workers.Count > 0:
                        _cluster.StopWorker(_cluster.Workers.Keys.ElementAt(Random.Next(_cluster.Workers.Count)));
                        break;
                    case < 6:
                        StartWorker();
                        break;
                    case 6:
                        _cluster.Scheduler.Stop();
                        _cluster.RunUntil(() => _cluster.Scheduler.IsStopped);
                        _cluster.StartScheduler();
                        break;
                }
            }

            StartWorker();
        }

        public void CutAfter(int timeMs)
        {
            _cluster.Driver.RunFor(TimeSpan.FromMilliseconds(timeMs));
            Network!.IsCut = true;
        }

        public void Run(List<SimulatedSession> sessions) => _cluster.RunUntilEnded(sessions);

        public bool HasUndisturbedTokens(SimulatedSession session, int count)
        {
            var (_, prompt, sampling) = _inputs.Single(input => input.Session == session);
            return Undisturbed.Tokens(_plan, prompt, sampling, count).SequenceEqual(session.Tokens);
        }

        public ValueTask DisposeAsync() => _cluster.DisposeAsync();

        private void StartWorker() => _cluster.StartWorker($"worker/{++_workerCount}");
    }

    /// <summary>Shows that the worlds were bad enough to prove something.</summary>
    private sealed class FaultTotals
    {
        private long _dropped;
        private long _duplicated;
        private long _delayed;
        private long _watchesLost;
        private long _losses;

        public void Add(World world, List<SimulatedSession> sessions)
        {
            _dropped += world.Network!.DroppedCount;
            _duplicated += world.Network.DuplicatedCount;
            _delayed += world.Network.DelayedCount;
            _watchesLost += world.Network.WatchesLostCount;
            _losses += sessions.Sum(session => session.LossCount);
        }

        public void AssertThatAllFaultsHappened() =>
            Assert.All([_dropped, _duplicated, _delayed, _watchesLost, _losses], count => Assert.InRange(count, (long)WorldCount / 2, long.MaxValue));
    }
}
