using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Links;
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

    /// <summary>Time after which an unanswered message is sent again.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered sends after which a worker counts as lost, and the scheduler as out of reach.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>
    /// Longest time that a session is told to try later (no worker, full queue) before it fails, or that its frames wait on a worker before
    /// it asks for another.
    /// </summary>
    public TimeSpan RefusedTimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Workers lost between two tokens after which the session fails.</summary>
    public int FailoversMax { get; init; } = 16;

    /// <summary>Pause before the second failover between two tokens; doubles with each further one, up to <see cref="AnswerTimeout"/>.</summary>
    public TimeSpan FailoverPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Tokens between two link reports to the scheduler.</summary>
    public int LinkReportTokens { get; init; } = 32;

    /// <summary>D: longest time for a token after the first; null for none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>What the link is said to be; null where only measurements tell.</summary>
    public LinkProfile? Link { get; init; }

    /// <summary>Most bytes that one token's step is expected to take on the declared link.</summary>
    public int StepBytesMax { get; init; } = 1024;

    /// <summary>What the device takes for one token, as measured before; zero if it was not.</summary>
    public TimeSpan DeviceTime { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        Limit.RequirePositive(GeneratedCountMax);
        Limit.RequirePositive(ChunkTokensMax);
        Limit.RequirePositive(InflightFramesMax);
        Limit.RequirePositive(AnswerTimeout);
        Limit.RequirePositive(AttemptsMax);
        Limit.RequirePositive(RefusedTimeMax);
        Limit.RequirePositive(FailoversMax);
        Limit.RequirePositive(FailoverPause);
        Limit.RequirePositive(LinkReportTokens);
        if (Deadline is { } deadline)
            Limit.RequirePositive(deadline);
        Limit.RequirePositive(StepBytesMax);
    }
}
