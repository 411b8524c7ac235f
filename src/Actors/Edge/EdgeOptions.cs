using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Edge;

/// <summary>What a device knows before it starts a session, and its limits.</summary>
public sealed record EdgeOptions
{
    /// <summary>Address of this session's actor.</summary>
    public required string Address { get; init; }

    public required string Scheduler { get; init; }

    public required ByteString ModelDigest { get; init; }

    /// <summary>Of the calibration that the device has (<see cref="Inference.Calibration.ModelCalibration.Id"/>); 0: none.</summary>
    public ulong CalibrationId { get; init; }

    public required int LayerCount { get; init; }

    public required int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    public required ImmutableArray<int> EndTokens { get; init; }

    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    public int GeneratedCountMax { get; init; } = 128;

    /// <summary>Most tokens of one frame: a longer prompt is sent in chunks, computed while earlier ones travel.</summary>
    public int ChunkTokensMax { get; init; } = 64;

    /// <summary>Most frames on their way without an answer.</summary>
    public int InflightFramesMax { get; init; } = 8;

    /// <summary>
    /// Time of silence, once all has left, after which an unanswered message is asked for again and counts as an attempt; less, from 1 s
    /// on, where answers have been quicker, and more behind a slow link. Also the time after which a link on which nothing leaves counts
    /// as stuck.
    /// </summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Least time after which an answer counts as late and is asked for again; from <see cref="AnswerTimeout"/> on, that is never.</summary>
    public TimeSpan ReminderMin { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Unanswered sends after which a worker counts as lost.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>Unanswered sends after which the scheduler counts as out of reach.</summary>
    public int SchedulerAttemptsMax { get; init; } = 4;

    /// <summary>
    /// Longest time that a session is told to try later (no worker, full queue) before it fails, or that its frames wait on a worker before
    /// it asks for another.
    /// </summary>
    public TimeSpan RefusedTimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Workers lost between two tokens after which the session fails.</summary>
    public int FailoversMax { get; init; } = 16;

    /// <summary>Pause before the second failover between two tokens; doubles with each further one, up to <see cref="AnswerTimeout"/>.</summary>
    public TimeSpan FailoverPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How a session is handed over, if its plan says so; null: not, the device goes on alone to the end.</summary>
    public HandoffOptions? Handoff { get; init; }

    /// <summary>The device can load all layers, and goes on alone rather than fail when worker and scheduler are out of reach.</summary>
    public bool FallsBack { get; init; }

    /// <summary>
    /// A device that can go on alone waits so long, instead of <see cref="AnswerTimeout"/> times <see cref="AttemptsMax"/>, for the worker, then
    /// for the scheduler, and for one that says to try later.
    /// </summary>
    public TimeSpan FallbackAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Pause before a device that goes on alone asks whether the scheduler answers; doubles each time.</summary>
    public TimeSpan ProbePause { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan ProbePauseMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tokens between two link reports to the scheduler.</summary>
    public int LinkReportTokens { get; init; } = 32;

    /// <summary>
    /// Most time between two, however long its tokens take: a scheduler that hears nothing gives the session's place away. Several of them in a row are lost
    /// before that (<see cref="Scheduling.SchedulerOptions.SessionSilenceMax"/>).
    /// </summary>
    public TimeSpan LinkReportPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>D: longest time for a token after the first; null for none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>What the link is said to be; null where only measurements tell.</summary>
    public LinkProfile? Link { get; init; }

    /// <summary>Most bytes that one token's step is expected to take on the declared link.</summary>
    public int StepBytesMax { get; init; } = 1024;

    /// <summary>What the device can do; null: it takes a plan that was not made for it.</summary>
    public DeviceDescription? Device { get; init; }

    /// <summary>What the device takes for one token under a plan that was not made for it; zero if that was not measured.</summary>
    public TimeSpan DeviceTime { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        Limit.RequirePositive(GeneratedCountMax);
        Limit.RequirePositive(ChunkTokensMax);
        Limit.RequirePositive(InflightFramesMax);
        Limit.RequirePositive(AnswerTimeout);
        Limit.RequirePositive(ReminderMin);
        Limit.RequirePositive(AttemptsMax);
        Limit.RequirePositive(SchedulerAttemptsMax);
        Limit.RequirePositive(RefusedTimeMax);
        Limit.RequirePositive(FailoversMax);
        Limit.RequirePositive(FailoverPause);
        Limit.RequirePositive(Handoff?.TokenCountMax ?? 1);
        Limit.RequirePositive(Handoff?.ChunkTokensMax ?? 1);
        Limit.RequirePositive(Handoff?.Deadline ?? TimeSpan.MaxValue);
        Limit.RequirePositive(FallbackAfter);
        Limit.RequirePositive(ProbePause);
        Limit.RequirePositive(ProbePauseMax);
        Limit.RequirePositive(LinkReportTokens);
        Limit.RequirePositive(LinkReportPeriod);
        if (Deadline is { } deadline)
            Limit.RequirePositive(deadline);
        Limit.RequirePositive(StepBytesMax);
    }
}
