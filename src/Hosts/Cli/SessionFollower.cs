using System.Security.Cryptography;
using System.Threading.Channels;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>A session as a command sees it: it starts under a fresh id, tells what happens, and ends with an exit code.</summary>
internal static class SessionFollower
{
    public static SessionId NewId() => new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));

    /// <summary>Passes a session's events on until it ends.</summary>
    public static async Task<(SessionEnded Ended, LinkObservation? Link)> FollowAsync(ChannelReader<SessionEvent> events, IRunReport report)
    {
        LinkObservation? link = null;
        await foreach (var sessionEvent in events.ReadAllAsync())
        {
            switch (sessionEvent)
            {
                case SessionPlanned planned: report.Plan(planned.Plan); break;
                case TokenGenerated token: report.Token(token); break;
                case WorkerReplaced replaced: report.WorkerReplaced(replaced); break;
                case SessionMoved moved: report.Moved(moved); break;
                case MoveAbandoned abandoned: report.MoveAbandoned(abandoned); break;
                case DeadlineUpdated updated: report.DeadlineUpdated(updated.Deadline); break;
                case LinkObserved observed: link = observed.Observation; break;
                case SessionEnded ended: return (ended, link);
            }
        }

        throw new InvalidOperationException("The session stopped without saying why.");
    }

    public static int ExitCodeOf(SessionEnded ended, Interruption interruption) => ended.Reason switch
    {
        EndReason.Failed => ExitCode.Failure,
        EndReason.Refused => ExitCode.Infeasible,
        EndReason.Cancelled => interruption.ExitCode,
        _ => ExitCode.Success,
    };
}
