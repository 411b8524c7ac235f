using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>Shows a run as it happens, to a person or to a machine.</summary>
internal interface IRunReport
{
    void Plan(Plan plan);

    void Token(TokenGenerated generated);

    void WorkerReplaced(WorkerReplaced replaced);

    void DeadlineUpdated(Deadline deadline);

    /// <param name="ended">Why.</param>
    /// <param name="link">The emulated link; null without one.</param>
    void End(SessionEnded ended, RunLink? link);
}
