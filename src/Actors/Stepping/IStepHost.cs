namespace SplitActors.Actors.Stepping;

/// <summary>What runs a shell: an Akka actor (<see cref="StepActor"/>), or a node of the simulation. All but <see cref="Post"/> is for use within the shell's own calls.</summary>
public interface IStepHost
{
    /// <summary>On a clock that never goes back, since the shell was started.</summary>
    TimeSpan Now { get; }

    /// <summary>Brings the shell a message behind those that wait; from any thread.</summary>
    void Post(object message);

    /// <summary>Brings the shell a message after a delay. Replaces the timer of the same name; one that was cancelled or replaced never comes.</summary>
    void StartTimer(string timer, object message, TimeSpan delay);

    /// <summary>The same again and again.</summary>
    void StartPeriodicTimer(string timer, object message, TimeSpan period);

    void CancelTimer(string timer);

    /// <summary>
    /// Computes beside the mailbox, one work after the other, and brings what comes of it: a message, or <see cref="WorkFailed"/>. What comes after the shell was stopped or
    /// replaced by a new one comes to nobody. The work must not touch the shell's state.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="ComputeLane.WorksMax"/> works wait.</exception>
    void Compute(Func<object> work);

    /// <summary>The same for what takes long and must not keep computations waiting.</summary>
    void Load(Func<object> work);

    /// <summary>Stops the shell after its current message.</summary>
    void Stop();
}

/// <summary>A work threw.</summary>
public sealed record WorkFailed(Exception Cause);
