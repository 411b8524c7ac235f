namespace SplitActors.Hosts.Chaos;

/// <summary>Breaks things in a cluster when sessions are where they are to be hit.</summary>
/// <param name="cluster">To break.</param>
/// <param name="usual">Tells when a phase is likely to be over.</param>
/// <param name="log">Told of what does not work as it must.</param>
internal sealed class Disturber(ChaosCluster cluster, UsualTimes usual, ChaosLog log) : IDisposable
{
    private readonly DisturbanceOrder _order = new();
    private readonly SemaphoreSlim _alone = new(1);

    /// <summary>Waits for the moment, breaks what is to be broken, mends it, and waits until the session goes on.</summary>
    /// <returns>When that was; null if the session had all its tokens before.</returns>
    public async Task<DisturbedSession?> DisturbAsync(Disturbance disturbance, DeviceSession session, Prompt prompt, CancellationToken cancellation)
    {
        await ReachAsync(disturbance, session, prompt, cancellation);
        if (!disturbance.ComesAlone)
            return await new DisturbanceHit(cluster, _order, log, disturbance, session, prompt, cancellation).RunAsync();
        await _alone.WaitAsync(cancellation);
        try
        {
            return await new DisturbanceHit(cluster, _order, log, disturbance, session, prompt, cancellation).RunAsync();
        }
        finally
        {
            _alone.Release();
        }
    }

    public void Dispose()
    {
        _alone.Dispose();
        _order.Dispose();
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
    }
}
