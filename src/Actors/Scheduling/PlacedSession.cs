using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Actors.Scheduling;

/// <summary>A session, and the worker it was sent to.</summary>
public sealed record PlacedSession(string Edge, string Worker)
{
    /// <summary>When its device last said something.</summary>
    public TimeSpan HeardAt { get; init; }

    /// <summary>Of the last plan that it was sent.</summary>
    public uint Revision { get; init; }

    /// <summary>Of the newest plan that its device is known to know.</summary>
    public uint KnownRevision { get; init; }

    /// <summary>Why it was sent one that it did not ask for.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What this session alone is told to do; null: what all are.</summary>
    public FixedPlan? Plan { get; init; }

    /// <summary>Where it could go on without asking, as its device was told last.</summary>
    public ImmutableArray<Alternative> Alternatives { get; init; } = [];

    /// <summary>When its plan was made, or last weighed against others.</summary>
    public TimeSpan WeighedAt { get; init; }

    /// <summary>What its plan was made from; null if it was not made for this device.</summary>
    public SessionNeeds? Needs { get; init; }

    /// <summary>What its plan is expected to be like; null if it was not made for this device.</summary>
    public Candidate? Expected { get; init; }

    /// <summary>The device has room for fewer tokens than it asked for.</summary>
    public bool IsShortened { get; init; }

    /// <summary>Prompt and generated tokens together.</summary>
    public long TokenCountMax { get; init; }

    /// <summary>What the device asked for, and what is known of its time and link; null if it has no deadline.</summary>
    public DeadlineRequest? Request { get; init; }

    /// <summary>What it was promised last.</summary>
    public Deadline? Promise { get; init; }
}

/// <summary>A deadline for each token, and the parts of the time that are the device's and the link's, at worst. In microseconds.</summary>
public sealed record DeadlineRequest(long AskedUs, long DeviceUs, long LinkUs)
{
    /// <summary>What a promise leaves to a worker; negative if it is broken whatever that takes.</summary>
    public long WorkerUsLeft(Deadline promise) => promise.PromisedUs - DeviceUs - LinkUs;

    /// <summary>A report replaces what it knows.</summary>
    public DeadlineRequest After(LinkReport report) => this with
    {
        LinkUs = report.HasLinkUsWorst ? report.LinkUsWorst : LinkUs,
        DeviceUs = report.HasDeviceUs ? report.DeviceUs : DeviceUs,
    };
}
