using SplitActors.Actors;
using SplitActors.Actors.Links;

namespace SplitActors.Simulation.Cluster;

/// <summary>Small clusters, each with other faults and limits, drawn from a seed: to look at very many of them.</summary>
public static class ClusterWorlds
{
    private static readonly LinkProfile?[] Links =
    [
        null,
        LinkProfile.Of(15e6, 30e6, TimeSpan.FromMilliseconds(2)),
        LinkProfile.Of(3e6, 4e6, TimeSpan.FromMilliseconds(20)),
        LinkProfile.Of(1e6, 2e6, TimeSpan.FromMilliseconds(40), lossProbability: 0.01),
        LinkProfile.Of(25e3, 1e6, TimeSpan.FromMilliseconds(40)), // a prompt takes a second to leave
    ];

    /// <summary>The world of a seed. In it no session may fail, as limits of patience are beyond what its faults last.</summary>
    public static ClusterOptions Draw(ulong seed)
    {
        var random = new SplitMix64(seed);
        var plans = ClusterOptions.PlansOf(ClusterCosts.Default.LayerCount);
        var faults = DrawFaults(random);
        var plan = plans[random.Next(plans.Count)];
        var options = new ClusterOptions
        {
            Seed = random.Next(),
            DeviceCount = 1 + random.Next(4),
            WorkerCount = 1 + random.Next(3),
            Duration = TimeSpan.FromSeconds(6),
            SessionsPerDevice = 1 + random.Next(2),
            ThinkTimeMax = TimeSpan.FromSeconds(2),
            PromptTokensMax = 24,
            GeneratedTokensMin = 8,
            GeneratedTokensMax = 16,
            HandoffTokens = 1 + random.Next(6),
            Plan = plan,
            Link = Links[random.Next(Links.Length)],
            Faults = faults,
            Deadline = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(30 + random.Next(random.Next(2) == 0 ? 12 : 2000)) : null, // half of them about what a token takes
        };
        var (handoffChunk, chunk, inflight, reportTokens) = (1 + random.Next(24), 1 + random.Next(12), 1 + random.Next(8), 1 + random.Next(8));
        var (fallsBack, answerMs) = (random.Next(4) == 0, 300 + random.Next(700));
        var (sessionCountMax, queuedRowsMax, batchRows, promptRows) = (1 + random.Next(4), 12 + random.Next(24), 12 + random.Next(24), 1 + random.Next(24));
        var kvSessions = random.Next(3) == 0 ? 1 + random.Next(2) : 64; // that fit beside each other
        var deviceSessions = seed % 2 == 0 ? (int?)null : 1 + (int)(seed / 2 % 3);
        var sessionTokens = options.PromptTokensMax + options.GeneratedTokensMax;
        var (idleSeconds, silenceSeconds) = (2 + random.Next(10), 4 + random.Next(10));
        return options with
        {
            Edge = edge => edge with
            {
                ChunkTokensMax = chunk,
                Handoff = edge.Handoff! with { ChunkTokensMax = handoffChunk }, // some workers refuse the longest, so that their devices rebuild
                InflightFramesMax = inflight,
                LinkReportTokens = reportTokens,
                LinkReportPeriod = TimeSpan.FromSeconds(1),
                FallsBack = fallsBack,
                AnswerTimeout = TimeSpan.FromMilliseconds(answerMs),
                AttemptsMax = 32,
                SchedulerAttemptsMax = 32,
                FailoversMax = 256,
                RefusedTimeMax = TimeSpan.FromHours(1),
            },
            Scheduler = scheduler => scheduler with
            {
                SessionSilenceMax = TimeSpan.FromSeconds(silenceSeconds),
                DeviceSessionCountMax = deviceSessions ?? scheduler.DeviceSessionCountMax,
            },
            Worker = (worker, number) => worker with
            {
                SessionCountMax = sessionCountMax,
                DeviceSessionCountMax = deviceSessions ?? sessionCountMax,
                DeviceTokenCountMax = (deviceSessions ?? sessionCountMax) * sessionTokens, // of what its sessions before left behind, too
                QueuedRowsMax = queuedRowsMax,
                SessionQueuedRowsMax = queuedRowsMax,
                BatchRowsMax = batchRows,
                PromptRowsMax = promptRows,
                KvBytesMax = kvSessions * worker.KvLayout.BytesFor(options.PromptTokensMax + options.GeneratedTokensMax),
                SessionIdleMax = TimeSpan.FromSeconds(idleSeconds),
            },
        };
    }

    private static ClusterFaults DrawFaults(SplitMix64 random) => new()
    {
        Network = new NetworkFaults
        {
            DropRate = random.Next(11) / 100.0,
            DuplicateRate = random.Next(21) / 100.0,
            DelayRate = random.Next(101) / 100.0,
            DelayMax = TimeSpan.FromMilliseconds(1 + random.Next(400)),
            ReorderRate = random.Next(4) == 0 ? random.Next(21) / 100.0 : 0,
            ReorderMax = TimeSpan.FromMilliseconds(1 + random.Next(3000)), // so long that a session is back on a worker under a later epoch
            WatchLossRate = random.Next(2) / 2.0,
            ChunkBytes = random.Next(3) == 0 ? 128 + random.Next(1024) : null,
        },
        WorkerCrashEvery = Every(random, 1000, 6000),
        SchedulerCrashEvery = Every(random, 3000, 20_000),
        DeviceCrashEvery = Every(random, 2000, 20_000),
        DowntimeMax = TimeSpan.FromMilliseconds(1 + random.Next(3000)),
        PartitionEvery = Every(random, 1000, 6000),
        PartitionMax = TimeSpan.FromMilliseconds(1 + random.Next(3000)),
        SlowEvery = Every(random, 1000, 6000),
        SlowMax = TimeSpan.FromMilliseconds(1 + random.Next(3000)),
        SlowdownMax = 1 + random.Next(20),
        MoveEvery = Every(random, 200, 3000),
        WorkerDrainEvery = Every(random, 1000, 6000),
        SchedulerTakeoverEvery = Every(random, 1000, 10_000),
        MemoryPressureEvery = Every(random, 300, 3000),
        LoadFailureRate = random.Next(4) == 0 ? 0.4 : 0,
        WorkerReplacedEvery = Every(random, 1000, 10_000),
        FreezeEvery = Every(random, 500, 4000),
        FreezeMax = TimeSpan.FromMilliseconds(1 + random.Next(3000)),
        TwoSchedulersEvery = Every(random, 1000, 10_000),
        StaleAlternativeRate = random.Next(3) == 0 ? 0.3 : 0,
    };

    /// <summary>Never in every second world, so that each kind of fault is also seen without the others.</summary>
    private static TimeSpan? Every(SplitMix64 random, int leastMs, int mostMs) =>
        random.Next(2) == 0 ? null : TimeSpan.FromMilliseconds(leastMs + random.Next(mostMs - leastMs));
}
