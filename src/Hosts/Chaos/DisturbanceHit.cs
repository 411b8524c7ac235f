namespace SplitActors.Hosts.Chaos;

/// <summary>Lets disturbances come one after the other where they must.</summary>
internal sealed class DisturbanceOrder : IDisposable
{
    /// <summary>While a worker is chosen and broken.</summary>
    public Lock Choosing { get; } = new();

    /// <summary>While a scheduler is broken.</summary>
    public SemaphoreSlim Central { get; } = new(1);

    /// <summary>When one was broken last, since the start of the run.</summary>
    public TimeSpan CentralAt { get; set; }

    public void Dispose() => Central.Dispose();
}

/// <summary>One disturbance of one session.</summary>
/// <param name="cluster">To break.</param>
/// <param name="order">Among all disturbances.</param>
/// <param name="log">Told of what does not work as it must.</param>
/// <param name="disturbance">What to do.</param>
/// <param name="session">To hit.</param>
/// <param name="prompt">That it continues.</param>
/// <param name="cancellation">Ends waiting.</param>
internal sealed class DisturbanceHit(
    ChaosCluster cluster,
    DisturbanceOrder order,
    ChaosLog log,
    Disturbance disturbance,
    DeviceSession session,
    Prompt prompt,
    CancellationToken cancellation)
{
    /// <summary>Sessions of a worker that leaves get 30 s to move.</summary>
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan TakeoverTimeMax = TimeSpan.FromSeconds(60);

    /// <summary>Until all know of a scheduler that was replaced, or of a node that is given up after its link is mended.</summary>
    private static readonly TimeSpan SettlePause = TimeSpan.FromSeconds(4);

    private SessionPhase _phase;
    private int _atToken;
    private TimeSpan _at;

    public async Task<DisturbedSession?> RunAsync()
    {
        if (!await (disturbance.IsCentral ? BreakCenterAsync() : BreakEdgeAsync()))
            return null;
        var until = log.Elapsed;
        var goesOnAt = session.TokenCount + Recovery.TokensAfter;
        await session.UntilAsync(() => session.TokenCount >= goesOnAt, cancellation);
        return new DisturbedSession(disturbance.NameIn(_phase), prompt.TokenCount, _atToken, _at, until);
    }

    /// <summary>Whether the session is still to be hit; notes when it was.</summary>
    private bool Hits()
    {
        (_phase, _atToken, _at) = (session.Phase, session.TokenCount, log.Elapsed);
        return _atToken < prompt.Expected!.Tokens.Count && !session.HasEnded;
    }

    /// <summary>One after the other, and each in a cluster that is whole.</summary>
    private async Task<bool> BreakCenterAsync()
    {
        await order.Central.WaitAsync(cancellation);
        try
        {
            if (order.CentralAt + SettlePause - log.Elapsed is var pause && pause > TimeSpan.Zero)
                await Task.Delay(pause, cancellation);
            await cluster.Changes.UntilAsync(() => cluster.IsWhole, cancellation);
            var isBroken = disturbance.Kind == DisturbanceKind.Partition ? await BreakEdgeAsync() : await KillSchedulerAsync();
            if (isBroken)
                order.CentralAt = log.Elapsed; // else sessions shorter than the pause would make each other come too late
            return isBroken;
        }
        finally
        {
            order.Central.Release();
        }
    }

    /// <summary>Waits until the cluster can do without the session's worker, if that is what breaks.</summary>
    private async Task<bool> BreakEdgeAsync()
    {
        while (true)
        {
            await session.UntilAsync(() => session.Worker is not null, cancellation);
            if (session is not { HasEnded: false, Worker: { } address })
                return false;
            var worker = cluster.WorkerAt(address);
            var victim = disturbance.HitsWorker ? worker : null;
            await await Task.WhenAny(cluster.SpareAsync(victim, cancellation), session.UntilAsync(() => session.Worker != address, cancellation));
            Task over;
            lock (order.Choosing)
            {
                if (session.Worker != address || !cluster.CanSpare(victim))
                    continue;
                if (!Hits())
                    return false;
                over = BreakAsync(worker);
            }

            await over;
            return true;
        }
    }

    /// <summary>Begins at once, within the caller's lock.</summary>
    /// <returns>Completes when what is left is the cluster's to mend.</returns>
    private Task BreakAsync(ClusterNode worker)
    {
        switch (disturbance.Kind)
        {
            case DisturbanceKind.KillWorker:
                worker.Kill();
                return Task.CompletedTask;
            case DisturbanceKind.DrainWorker:
                return DrainAsync(worker);
            case DisturbanceKind.PauseWorker:
                return HoldAsync([worker], worker.Pause, worker.Resume);
            case DisturbanceKind.CutLink:
                return disturbance.End switch
                {
                    CutEnd.Worker => CutAsync([worker], (from, to) => from == worker.Name && to != worker.Name),
                    CutEnd.Device => CutAsync([], (from, to) => from == session.Name && to != session.Name),
                    _ => CutAsync([worker], (from, to) => from == session.Name && to == worker.Name),
                };
            default:
                return PartAsync(worker);
        }
    }

    private async Task DrainAsync(ClusterNode worker)
    {
        var ends = worker.EndCount;
        worker.Drain();
        if (await cluster.Changes.UntilAsync(() => worker.EndCount > ends, DrainTimeMax, cancellation))
            return;
        log.Report($"{worker.Name} was asked to leave and had not ended after {DrainTimeMax.TotalSeconds} s.");
        worker.Kill();
    }

    /// <summary>The worker and a scheduler on one side, everybody else on the other, which has the majority.</summary>
    private Task PartAsync(ClusterNode worker)
    {
        var active = cluster.ActiveScheduler!;
        var scheduler = disturbance.HitsActive ? active : cluster.Schedulers.First(other => other != active);
        string[] minority = [worker.Name, scheduler.Name];
        return CutAsync([worker, scheduler], (from, to) => minority.Contains(from) && !minority.Contains(to));
    }

    private Task CutAsync(ClusterNode[] victims, Func<string, string, bool> separates)
    {
        IDisposable? broken = null;
        return HoldAsync(victims, () => broken = cluster.Network.Break(separates, disturbance.Freezes), () => broken!.Dispose());
    }

    private async Task HoldAsync(ClusterNode[] victims, Action begin, Action end)
    {
        List<IDisposable> held = [.. victims.Select(victim => victim.Disturb())];
        begin();
        try
        {
            await Task.Delay(disturbance.Duration, cancellation);
        }
        finally
        {
            end();
            held.ForEach(one => one.Dispose());
        }
    }

    /// <summary>The active one, whose place another one must take, or one that stands by.</summary>
    private async Task<bool> KillSchedulerAsync()
    {
        var active = cluster.ActiveScheduler!;
        List<ClusterNode> others = [.. cluster.Schedulers.Where(scheduler => scheduler != active)];
        var takeovers = others.Sum(scheduler => scheduler.Active.Count);
        if (!Hits())
            return false;
        if (disturbance.Kind == DisturbanceKind.KillSeed)
        {
            others[(int)(disturbance.Moment * others.Count)].Kill();
            return true;
        }

        active.Kill();
        if (!await cluster.Changes.UntilAsync(() => others.Sum(scheduler => scheduler.Active.Count) > takeovers, TakeoverTimeMax, cancellation))
            log.Report($"{active.Name} was killed and no other scheduler had taken over after {TakeoverTimeMax.TotalSeconds} s.");
        return true;
    }
}
