using System.Collections.Concurrent;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// Runs sessions through a cluster, one after the other on each device, until every disturbance has hit one, and compares each with the run
/// that nothing disturbed.
/// </summary>
/// <param name="setup">What is to break.</param>
/// <param name="cluster">That has started.</param>
/// <param name="prompts">With what is to come of them.</param>
/// <param name="log">Whose clock measures.</param>
internal sealed class ChaosRun(ChaosSetup setup, ChaosCluster cluster, IReadOnlyList<Prompt> prompts, ChaosLog log)
{
    /// <summary>
    /// Seconds for which a session waits for what is gone: longer than a node takes to be given up and to join again on a machine that is
    /// busy.
    /// </summary>
    private const string Patience = "120";

    /// <summary>Disturbances that always come too late must not go on for ever.</summary>
    private const int SessionsPerDisturbanceMax = 10;

    /// <summary>A session that takes longer than this has been lost.</summary>
    private static readonly TimeSpan SessionTimeMax = TimeSpan.FromMinutes(10);

    private readonly DisturbanceQueue _queue = new(setup.Disturbances, setup.Seed);
    private readonly UsualTimes _usual = new();
    private readonly ConcurrentQueue<DisturbedSession> _disturbed = new();
    private readonly ConcurrentQueue<FailedSession> _failed = new();
    private readonly ConcurrentDictionary<SessionOutcome, int> _outcomes = new();
    private int _startedCount;
    private int _triedCount;
    private long _tokenCount;
    private int _replacedCount;
    private int _movedCount;

    /// <param name="progress">Told how many disturbances are done, of how many, and how many sessions.</param>
    /// <param name="cancellation">Ends it with what it has found so far.</param>
    public async Task<ChaosReport> RunAsync(Action<int, int, int> progress, CancellationToken cancellation)
    {
        using var disturber = new Disturber(cluster, _usual, log);
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> devices = [.. cluster.Devices.Select((device, number) => ServeAsync(device, number, disturber, progress, failing.Token))];
        try
        {
            while (devices.Count > 0)
            {
                var ended = await Task.WhenAny(devices);
                devices.Remove(ended);
                if (!ended.IsCompletedSuccessfully)
                    await failing.CancelAsync();
                if (devices.Count == 0 || !ended.IsCompletedSuccessfully)
                    await Task.WhenAll([ended, .. devices]);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            log.Report($"It was interrupted after {_disturbed.Count} of {_queue.Total} disturbances.");
        }

        return Report();
    }

    private async Task ServeAsync(string device, int deviceNumber, Disturber disturber, Action<int, int, int> progress, CancellationToken cancellation)
    {
        for (var round = 0; ; round++)
        {
            var started = Interlocked.Increment(ref _startedCount);
            var isFirst = started <= prompts.Count; // each prompt once undisturbed, which tells what is usual
            var prompt = prompts[(isFirst ? started - 1 : round + deviceNumber) % prompts.Count];
            IReadOnlyList<Disturbance> disturbances = isFirst ? [] : _queue.Take(prompt.Expected!.Tokens.Count);
            await RunAsync($"session{started:0000}", device, prompt, disturbances, disturber, cancellation);
            progress(_disturbed.Count, _queue.Total, _outcomes.Values.Sum());
            if (_disturbed.Count >= _queue.Total && _startedCount >= prompts.Count)
                return;
            if (Interlocked.Add(ref _triedCount, disturbances.Count > 0 ? 1 : 0) <= SessionsPerDisturbanceMax * _queue.Total)
                continue;
            log.Report($"{_queue.Total - _disturbed.Count} disturbances found no session in time; take longer sessions.");
            return;
        }
    }

    private async Task RunAsync(string name, string device, Prompt prompt, IReadOnlyList<Disturbance> disturbances, Disturber disturber, CancellationToken cancellation)
    {
        string[] arguments = ["edge", prompt.Text, .. cluster.Place(name, device), "--patience", Patience, .. prompt.Arguments];
        using var session = new DeviceSession(name, arguments, log);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(SessionTimeMax);
        var (waiting, suffered) = (new Queue<Disturbance>(disturbances), new List<DisturbedSession>());
        Verdict verdict;
        try
        {
            for (; waiting.TryPeek(out var disturbance); waiting.Dequeue())
            {
                if (await disturber.DisturbAsync(disturbance, session, prompt, limit.Token) is { } disturbed)
                    suffered.Add(disturbed);
                else
                    _queue.PutBack(disturbance);
            }

            var exitCode = await session.Ended.WaitAsync(limit.Token);
            verdict = Verdict.Of(prompt.Expected!, session.Text, exitCode, session.Errors);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            verdict = new Verdict(SessionOutcome.Unfinished, $"it had {session.TokenCount} of {prompt.Expected!.Tokens.Count} tokens after {SessionTimeMax.TotalMinutes} minutes");
            foreach (var disturbance in waiting)
                _queue.PutBack(disturbance);
        }
        finally
        {
            cluster.Network.Remove(name);
        }

        Keep(name, prompt, session, suffered, verdict);
    }

    private void Keep(string name, Prompt prompt, DeviceSession session, List<DisturbedSession> suffered, Verdict verdict)
    {
        if (suffered.TrueForAll(disturbed => disturbed.AtToken > 0))
            _usual.Learn(prompt.TokenCount, session);
        for (var i = 0; i < suffered.Count; i++)
            suffered[i] = suffered[i] with { Recovery = Recovery.Of(session.StartedAt, session.Arrivals, suffered[i].At, suffered[i].Until, _usual.ToFirst(prompt.TokenCount)) };
        suffered.ForEach(_disturbed.Enqueue);

        _outcomes.AddOrUpdate(verdict.Outcome, 1, (_, count) => count + 1);
        Interlocked.Add(ref _tokenCount, session.TokenCount);
        Interlocked.Add(ref _replacedCount, session.Text.ReplacedCount);
        Interlocked.Add(ref _movedCount, session.Text.MoveCount);
        if (verdict.Outcome != SessionOutcome.Exact)
            _failed.Enqueue(new FailedSession(name, prompt.TokenCount, verdict, suffered));
    }

    private ChaosReport Report() => new()
    {
        Sessions = new SortedDictionary<SessionOutcome, int>(_outcomes),
        TokenCount = _tokenCount,
        Changes = (_replacedCount, _movedCount),
        WallTime = log.Elapsed,
        Disturbances = ChaosReport.Compare(_disturbed),
        Failures = [.. _failed],
        Returns = [.. cluster.Workers.SelectMany(worker => worker.Returns)],
        Problems = log.Problems,
    };
}
