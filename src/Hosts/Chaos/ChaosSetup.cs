namespace SplitActors.Hosts.Chaos;

/// <summary>What is to run, and what is to break.</summary>
internal sealed record ChaosSetup
{
    public required ulong Seed { get; init; }

    /// <summary>At least 2; they are the seed nodes.</summary>
    public required int SchedulerCount { get; init; }

    /// <summary>At least 2.</summary>
    public required int WorkerCount { get; init; }

    public required int DeviceCount { get; init; }

    /// <summary>Tokens of the prompts.</summary>
    public required IReadOnlyList<int> Contexts { get; init; }

    /// <summary>Most to generate.</summary>
    public required int TokensMax { get; init; }

    public required IReadOnlyDictionary<DisturbanceKind, int> Disturbances { get; init; }

    /// <summary>A folder.</summary>
    public required string Model { get; init; }

    /// <summary>As <c>splitactors run</c> and <c>splitactors scheduler</c> take them: where the layers run.</summary>
    public required IReadOnlyList<string> PlanArguments { get; init; }

    /// <summary>For every process.</summary>
    public IReadOnlyList<string> ModelArguments => ["--model", Model];
}
