namespace SplitActors.Hosts.Chaos;

internal enum DisturbanceKind
{
    /// <summary>SIGKILL to the worker that serves the session.</summary>
    KillWorker,

    /// <summary>SIGTERM to it: its sessions move, and it ends.</summary>
    DrainWorker,

    /// <summary>SIGSTOP to it, and after a while SIGCONT.</summary>
    PauseWorker,

    /// <summary>Connections between the broker and a worker or a device stand still or are closed for a while.</summary>
    CutLink,

    /// <summary>SIGKILL to the active scheduler, beside which another one stands by.</summary>
    KillScheduler,

    /// <summary>SIGKILL to the broker, and a new start.</summary>
    RestartBroker,
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

    /// <summary>For a cut: the device's link, not the worker's.</summary>
    public bool HitsDevice { get; init; }

    /// <summary>It waits until sessions have got over what was broken before; without, it comes on top of it.</summary>
    public bool ComesAlone { get; init; }

    /// <summary>For a cut: nothing is closed.</summary>
    public bool Freezes { get; init; }

    /// <summary>What is reported together.</summary>
    /// <param name="phase">In which it came.</param>
    public string NameIn(SessionPhase phase) => Kind switch
    {
        DisturbanceKind.KillWorker => phase == SessionPhase.Decode ? "worker killed in decode" : "worker killed in prefill",
        DisturbanceKind.DrainWorker => "worker drained",
        DisturbanceKind.PauseWorker => "worker paused",
        DisturbanceKind.CutLink => $"{(HitsDevice ? "device" : "worker")}'s link {(Freezes ? "frozen" : "closed")}",
        DisturbanceKind.KillScheduler => phase == SessionPhase.Start ? "scheduler killed at start" : "scheduler killed later",
        _ => "broker killed",
    };
}
