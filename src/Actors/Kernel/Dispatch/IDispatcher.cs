namespace SplitActors.Actors.Kernel;

/// <summary>Where actors run.</summary>
public interface IDispatcher
{
    /// <summary>Runs the item once, later: never within this call, for the caller may be in the middle of an actor's turn.</summary>
    void Execute(IThreadPoolWorkItem workItem);
}
