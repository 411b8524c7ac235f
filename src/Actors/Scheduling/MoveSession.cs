using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>Tells the scheduler to let a session that is placed go on under another plan; without a free worker for it, the session stays.</summary>
/// <param name="Session">Which.</param>
/// <param name="Plan">For this session, from now on.</param>
/// <param name="Reason">In a sentence without full stop, for people.</param>
public sealed record MoveSession(SessionKey Session, FixedPlan Plan, string Reason);
