namespace SplitActors.Hosts.Chaos;

internal enum DisturbanceKind
{
    /// <summary>SIGKILL to the worker that serves the session.</summary>
    KillWorker,

    /// <summary>SIGTERM to it: its sessions move, and it ends.</summary>
    DrainWorker,

    /// <summary>SIGSTOP to it, and after a while SIGCONT.</summary>
    PauseWorker,

    /// <summary>Links of a worker, of a device, or between the two stand still or are cut for a while.</summary>
    CutLink,

    /// <summary>SIGKILL to the active scheduler, beside which others stand by.</summary>
    KillScheduler,

    /// <summary>SIGKILL to a seed node that stands by.</summary>
    KillSeed,

    /// <summary>The worker that serves the session, and a scheduler, are cut off from all others together.</summary>
    Partition,
}

/// <summary>Whose link is cut.</summary>
internal enum CutEnd
{
    /// <summary>The worker's to all others.</summary>
    Worker,

    /// <summary>The device's to all others.</summary>
    Device,

    /// <summary>The one between device and worker.</summary>
    Both,
}

/// <summary>How far a session is.</summary>
internal enum SessionPhase
{
    /// <summary>Its process has started; it has no plan yet.</summary>
    Start,

    /// <summary>It has a plan, and no token: the prompt is computed.</summary>
    Prefill,

    /// <summary>It has tokens.</summary>
    Decode,
}

/// <summary>Something to break while a session runs.</summary>
/// <param name="Kind">What.</param>
/// <param name="Phase">When.</param>
/// <param name="Moment">Where within the phase, from 0 to 1.</param>
internal sealed record Disturbance(DisturbanceKind Kind, SessionPhase Phase, double Moment)
{
    /// <summary>Of a pause or a cut.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>For a cut.</summary>
    public CutEnd End { get; init; }

    /// <summary>For a partition: the scheduler that is cut off is the active one.</summary>
    public bool HitsActive { get; init; }

    /// <summary>It hits a scheduler, and needs all of them to be there.</summary>
    public bool IsCentral => Kind is DisturbanceKind.KillScheduler or DisturbanceKind.KillSeed or DisturbanceKind.Partition;

    /// <summary>It takes the session's worker away.</summary>
    public bool HitsWorker => Kind switch
    {
        DisturbanceKind.KillScheduler or DisturbanceKind.KillSeed => false,
        DisturbanceKind.CutLink => End != CutEnd.Device,
        _ => true,
    };

    /// <summary>It waits until sessions have got over what was broken before; without, it comes on top of it.</summary>
    public bool ComesAlone { get; init; }

    /// <summary>For a cut or a partition: nothing is closed.</summary>
    public bool Freezes { get; init; }

    private string LinkName => End switch
    {
        CutEnd.Worker => "worker's link",
        CutEnd.Device => "device's link",
        _ => "link between the two",
    };

    private string Manner => Freezes ? "frozen" : "closed";

    /// <summary>What is reported together.</summary>
    /// <param name="phase">In which it came.</param>
    public string NameIn(SessionPhase phase) => Kind switch
    {
        DisturbanceKind.KillWorker => phase == SessionPhase.Decode ? "worker killed in decode" : "worker killed in prefill",
        DisturbanceKind.DrainWorker => "worker drained",
        DisturbanceKind.PauseWorker => "worker paused",
        DisturbanceKind.CutLink => $"{LinkName} {Manner}",
        DisturbanceKind.KillScheduler => phase == SessionPhase.Start ? "scheduler killed at start" : "scheduler killed later",
        DisturbanceKind.KillSeed => phase == SessionPhase.Start ? "other seed killed at start" : "other seed killed later",
        _ => $"partition, links {Manner}",
    };
}
