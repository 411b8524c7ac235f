using System.Diagnostics;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;

namespace SplitActors.EndToEnd.Batching;

/// <summary>How a device's session ended.</summary>
internal enum SessionOutcome
{
    Completed,

    /// <summary>It was opened, and then refused for good or too often.</summary>
    Failed,

    /// <summary>It was never opened.</summary>
    Refused,
}

/// <summary>
/// A device that computes nothing: it opens a session, and sends the next stored step when it has the answer to the last one. What is refused with a delay it
/// sends again after it, a bounded number of times.
/// </summary>
internal sealed class DeviceLoop(ServedModel model, OpenSession open, LocalPeers transport, int attemptsMax) : IStepShell
{
    private readonly TaskCompletionSource<SessionOutcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _address = $"edge/{open.SessionId}";
    private IStepHost? _host;
    private int _attemptCount;

    /// <summary>When each token came, in <see cref="Stopwatch"/> ticks; to read once the session has ended.</summary>
    public List<long> TokenTimestamps { get; } = new(model.TokenCount);

    /// <summary>The worker has accepted the session.</summary>
    public bool IsOpen { get; private set; }

    public Task<SessionOutcome> Ended => _ended.Task;

    public void Start(IStepHost host)
    {
        _host = host;
        transport.Register(_address, host.Post);
        SendNext();
    }

    public void Fail(Exception reason) => End(SessionOutcome.Failed);

    public void Stop() => transport.Unregister(_address);

    public void Receive(object message)
    {
        switch (message)
        {
            case Received { Body: SessionOpened }:
                IsOpen = true;
                Advance();
                break;
            case Received { Body: StepResult }:
                TokenTimestamps.Add(Stopwatch.GetTimestamp());
                if (TokenTimestamps.Count == model.TokenCount)
                    End(SessionOutcome.Completed);
                else
                    Advance();
                break;
            case Received { Body: Rejected { RetryAfterMs: > 0 } rejected } when _attemptCount < attemptsMax:
                _host!.StartTimer("again", new SendAgain(), TimeSpan.FromMilliseconds(rejected.RetryAfterMs));
                break;
            case Received { Body: Rejected } or Undelivered:
                End(IsOpen ? SessionOutcome.Failed : SessionOutcome.Refused);
                break;
            case SendAgain: SendNext(); break;
        }
    }

    private void Advance()
    {
        _attemptCount = 0;
        SendNext();
    }

    private void SendNext()
    {
        _attemptCount++;
        if (!IsOpen)
        {
            transport.Send(_address, ServingWorker.Address, open);
            return;
        }

        var step = model.Step(TokenTimestamps.Count);
        step.SessionId = open.SessionId;
        transport.Send(_address, ServingWorker.Address, step);
    }

    private void End(SessionOutcome outcome)
    {
        if (IsOpen)
            transport.Send(_address, ServingWorker.Address, new CloseSession { SessionId = open.SessionId, Epoch = open.Epoch });
        _ended.TrySetResult(outcome);
        _host!.Stop();
    }

    private sealed record SendAgain;
}
