namespace SplitActors.Hosts.Chaos;

/// <summary>Lets tasks wait until something that other threads change is so.</summary>
internal sealed class Changes
{
    private TaskCompletionSource _next = New();

    /// <summary>After a change.</summary>
    public void Announce() => Interlocked.Exchange(ref _next, New()).SetResult();

    public async Task UntilAsync(Func<bool> isSo, CancellationToken cancellation)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next); // before the look, or a change between the two would be missed
            if (isSo())
                return;
            await next.Task.WaitAsync(cancellation);
        }
    }

    /// <returns>Whether it came to be so in time.</returns>
    public async Task<bool> UntilAsync(Func<bool> isSo, TimeSpan timeMax, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeMax);
        try
        {
            await UntilAsync(isSo, limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
