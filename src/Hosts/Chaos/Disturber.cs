namespace SplitActors.Hosts.Chaos;

/// <summary>Breaks things in a cluster when sessions are where they are to be hit.</summary>
/// <param name="cluster">To break.</param>
/// <param name="usual">Tells when a phase is likely to be over.</param>
/// <param name="log">Told of what does not work as it must.</param>
internal sealed class Disturber(ChaosCluster cluster, UsualTimes usual, ChaosLog log) : IDisposable
{
    /// <summary>Sessions of a worker that leaves get 30 s to move.</summary>
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan TakeoverTimeMax = TimeSpan.FromSeconds(60);

    /// <summary>Until a scheduler that was replaced knows it.</summary>
    private static readonly TimeSpan TakeoverPause = TimeSpan.FromSeconds(4);

    private readonly Lock _choosing = new();
    private readonly SemaphoreSlim _alone = new(1);
    private readonly SemaphoreSlim _central = new(1); // broker and schedulers, one after the other
    private TimeSpan _centralAt;

    /// <summary>Waits for the moment, breaks what is to be broken, mends it, and waits until the session goes on.</summary>
    /// <returns>When that was; null if the session had all its tokens before.</returns>
    public async Task<DisturbedSession?> DisturbAsync(Disturbance disturbance, DeviceSession session, string device, Prompt prompt, CancellationToken cancellation)
    {
        await ReachAsync(disturbance, session, prompt, cancellation);
        if (!disturbance.ComesAlone)
            return await BreakAndWaitAsync(disturbance, session, device, prompt, cancellation);
        await _alone.WaitAsync(cancellation);
        try
        {
            return await BreakAndWaitAsync(disturbance, session, device, prompt, cancellation);
        }
        finally
        {
            _alone.Release();
        }
    }

    public void Dispose()
    {
        _alone.Dispose();
        _central.Dispose();
    }

    private async Task<DisturbedSession?> BreakAndWaitAsync(Disturbance disturbance, DeviceSession session, string device, Prompt prompt, CancellationToken cancellation)
    {
        var (phase, atToken, at) = (SessionPhase.Start, 0, TimeSpan.Zero);
        var isCentral = disturbance.Kind is DisturbanceKind.KillScheduler or DisturbanceKind.RestartBroker;
        var hasHit = isCentral ? await DisturbCenterAsync() : await DisturbAsync();
        if (!hasHit)
            return null;
        var until = log.Elapsed;
        var goesOnAt = session.TokenCount + Recovery.TokensAfter;
        await session.UntilAsync(() => session.TokenCount >= goesOnAt, cancellation);
        return new DisturbedSession(disturbance.NameIn(phase), prompt.TokenCount, atToken, at, until);

        async Task<bool> DisturbCenterAsync()
        {
            await _central.WaitAsync(cancellation);
            try
            {
                var isBroken = disturbance.Kind == DisturbanceKind.RestartBroker ? Hits() && await RestartBrokerAsync(cancellation) : await KillSchedulerAsync(Hits, cancellation);
                if (isBroken)
                    _centralAt = log.Elapsed; // else sessions shorter than the pause would make each other come too late
                return isBroken;
            }
            finally
            {
                _central.Release();
            }
        }

        async Task<bool> DisturbAsync()
        {
            while (true)
            {
                await session.UntilAsync(() => session.Worker is not null, cancellation);
                if (session is not { HasEnded: false, Worker: { } address })
                    return false;
                var worker = cluster.WorkerAt(address);
                var victim = disturbance is { Kind: DisturbanceKind.CutLink, HitsDevice: true } ? null : worker;
                await await Task.WhenAny(cluster.SpareAsync(victim, cancellation), session.UntilAsync(() => session.Worker != address, cancellation));
                Task over;
                lock (_choosing)
                {
                    if (session.Worker != address || !cluster.CanSpare(victim))
                        continue;
                    if (!Hits())
                        return false;
                    over = BreakAsync(disturbance, worker, device, cancellation);
                }

                await over;
                return true;
            }
        }

        bool Hits()
        {
            (phase, atToken, at) = (session.Phase, session.TokenCount, log.Elapsed);
            return atToken < prompt.Expected!.Tokens.Count && !session.HasEnded;
        }
    }

    private async Task ReachAsync(Disturbance disturbance, DeviceSession session, Prompt prompt, CancellationToken cancellation)
    {
        var toPlan = usual.ToPlan;
        switch (disturbance.Phase)
        {
            case SessionPhase.Start:
                await Task.Delay(disturbance.Moment * toPlan, cancellation);
                break;
            case SessionPhase.Prefill:
                await session.UntilAsync(() => session.PlannedAt is not null, cancellation);
                var prefill = usual.ToFirst(prompt.TokenCount) - toPlan;
                if (prefill > TimeSpan.Zero)
                    await Task.Delay(disturbance.Moment * prefill, cancellation);
                break;
            case SessionPhase.Decode:
                var last = prompt.Expected!.Tokens.Count - 1 - Recovery.TokensAfter;
                var atToken = 1 + (int)(disturbance.Moment * Math.Max(0, last - 1));
                await session.UntilAsync(() => session.TokenCount >= atToken, cancellation);
                break;
        }

        if (disturbance.Kind is not (DisturbanceKind.KillScheduler or DisturbanceKind.RestartBroker))
            await session.UntilAsync(() => session.Worker is not null, cancellation);
    }

    /// <summary>Begins at once, within the caller's lock.</summary>
    /// <returns>Completes when what is left is the cluster's to mend.</returns>
    private Task BreakAsync(Disturbance disturbance, ClusterNode worker, string device, CancellationToken cancellation)
    {
        switch (disturbance.Kind)
        {
            case DisturbanceKind.KillWorker:
                worker.Kill();
                return Task.CompletedTask;
            case DisturbanceKind.DrainWorker:
                return DrainAsync(worker, cancellation);
            case DisturbanceKind.PauseWorker:
                return HoldAsync(disturbance, worker.Disturb(), worker.Pause, worker.Resume, cancellation);
            default:
                var link = cluster.LinkOf(disturbance.HitsDevice ? device : worker.Name);
                return HoldAsync(disturbance, disturbance.HitsDevice ? null : worker.Disturb(), disturbance.Freezes ? link.Freeze : link.Cut, link.Mend, cancellation);
        }
    }

    private async Task DrainAsync(ClusterNode worker, CancellationToken cancellation)
    {
        var ends = worker.EndCount;
        worker.Drain();
        if (await cluster.Changes.UntilAsync(() => worker.EndCount > ends, DrainTimeMax, cancellation))
            return;
        log.Report($"{worker.Name} was asked to leave and had not ended after {DrainTimeMax.TotalSeconds} s.");
        worker.Kill();
    }

    private static async Task HoldAsync(Disturbance disturbance, IDisposable? held, Action begin, Action end, CancellationToken cancellation)
    {
        using (held)
        {
            begin();
            try
            {
                await Task.Delay(disturbance.Duration, cancellation);
            }
            finally
            {
                end();
            }
        }
    }

    private async Task<bool> RestartBrokerAsync(CancellationToken cancellation)
    {
        await cluster.RestartBrokerAsync(cancellation);
        return true;
    }

    /// <summary>Kills the active one and waits until the other takes over.</summary>
    private async Task<bool> KillSchedulerAsync(Func<bool> hits, CancellationToken cancellation)
    {
        if (_centralAt + TakeoverPause - log.Elapsed is var pause && pause > TimeSpan.Zero)
            await Task.Delay(pause, cancellation);
        await cluster.Changes.UntilAsync(() => cluster.IsBrokerUp && cluster.Schedulers.All(scheduler => scheduler.IsServing) && cluster.CanSpare(worker: null), cancellation);
        var active = cluster.ActiveScheduler!;
        var standby = cluster.Schedulers.Single(scheduler => scheduler != active);
        var takeovers = standby.Active.Count;
        if (!hits())
            return false;
        active.Kill();
        if (!await cluster.Changes.UntilAsync(() => standby.Active.Count > takeovers, TakeoverTimeMax, cancellation))
            log.Report($"{active.Name} was killed and {standby.Name} had not taken over after {TakeoverTimeMax.TotalSeconds} s.");
        return true;
    }
}
