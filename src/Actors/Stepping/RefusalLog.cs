using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Stepping;


/// <summary>Reports refusals that only a broken or hostile sender draws, each kind once for each sender. Belongs to one actor.</summary>
/// <param name="self">Who refuses.</param>
/// <param name="report">Told in a sentence; null for nobody.</param>
internal sealed class RefusalLog(string self, Action<string>? report)
{
    /// <summary>Kinds and senders that are remembered; beyond, nothing more is reported.</summary>
    private const int ReportCountMax = 1024;

    private readonly HashSet<(string Sender, RejectReason Reason)> _reported = [];

    /// <param name="sender">Of what is refused.</param>
    /// <param name="answer">Any message to it.</param>
    public void Note(string sender, object answer)
    {
        if (answer is Rejected { Reason: RejectReason.BadRequest or RejectReason.BadFrame } rejected && _reported.Count < ReportCountMax && _reported.Add((sender, rejected.Reason)))
            report?.Invoke($"{self} refused a message of {sender}: {rejected.Detail} Further ones of this kind are not reported.");
    }
}
