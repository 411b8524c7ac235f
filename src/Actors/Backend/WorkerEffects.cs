using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>What a step wants done; the actor does it in order.</summary>
public abstract record WorkerEffect
{
    public sealed record Send(string To, IMessage Body) : WorkerEffect;

    /// <summary>Ask to be told when a device or the scheduler is gone.</summary>
    public sealed record Watch(string Address) : WorkerEffect;

    /// <summary>Give a session an empty cache in place of the one it had.</summary>
    public sealed record CreateCache(SessionKey Session, int LayerCount, int TokenCountMax) : WorkerEffect;

    public sealed record DropCache(SessionKey Session) : WorkerEffect;

    /// <summary>Run one pass over the weights; answered by <see cref="BatchComputed"/>.</summary>
    public sealed record ComputeBatch(ImmutableArray<BatchEntry> Entries) : WorkerEffect;

    /// <summary>Bring <see cref="GatheringOver"/> after this time; replaces a former wish.</summary>
    public sealed record Remind(TimeSpan After) : WorkerEffect;

    /// <summary>Stop this worker: it cannot serve.</summary>
    public sealed record Stop(string Reason) : WorkerEffect;

    /// <summary>Stop this worker: it was asked to leave, and its sessions are elsewhere, but for those that did not move in time.</summary>
    public sealed record Leave(int SessionCount) : WorkerEffect;
}

/// <summary>One step of a batch.</summary>
public sealed record BatchEntry(QueuedStep Queued, WorkerSession Session, TimeSpan StartedAt)
{
    public DecodeStep Step => Queued.Step;

    /// <summary>Keys and values go into the cache as they are.</summary>
    public bool RunsLayers => Step.ContentCase != DecodeStep.ContentOneofCase.KeysAndValues;
}

/// <summary>What became of a step: done, with the token that it asked for, or refused because of its content.</summary>
/// <param name="KvBytes">Bytes of the session's cache after it.</param>
public sealed record EntryResult(BatchEntry Entry, int? Token, Refusal? Refusal, long KvBytes);

/// <summary>A batch is done. Times are of the whole batch.</summary>
public sealed record BatchComputed(ImmutableArray<EntryResult> Results, long DecodeUs, long ComputeUs)
{
    /// <summary>Tokens of the steps that were not refused.</summary>
    public int RowCount => Results.Where(result => result.Refusal is null).Sum(result => (int)result.Entry.Step.TokenCount);
}

/// <summary>
/// Tells a worker to leave: it takes no further session, lets the scheduler move those that it has, and stops when none is left, or after
/// <see cref="WorkerOptions.LeaveTimeMax"/>.
/// </summary>
public sealed record LeaveCluster;

/// <summary>Time to report to the scheduler and to drop idle sessions.</summary>
public sealed record StatusDue;

/// <summary>A batch has waited long enough for those that were expected to join it.</summary>
public sealed record GatheringOver;
