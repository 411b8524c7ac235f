using SplitActors.Actors.Protocol;
using SplitActors.Inference;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a device says that its session goes by, to a scheduler that may never have heard of it.</summary>
/// <param name="Plan">Of its leg: its frames can be replayed under this one.</param>
/// <param name="Worker">Where it runs; empty for the device alone. It may not have said hello yet.</param>
/// <param name="TokenCountMax">Fewer than the device asked for; null: as many.</param>
/// <param name="Revision">Of its plan.</param>
internal sealed record RunningSession(FixedPlan Plan, string Worker, long? TokenCountMax, uint Revision)
{
    /// <summary>Null if the device says nothing, or what no scheduler would have planned.</summary>
    /// <param name="told">By the device.</param>
    /// <param name="layerCount">L.</param>
    public static RunningSession? Of(Plan? told, int layerCount)
    {
        if (told is null || told.SplitLayer > layerCount || !Plausible.IsName(told.Worker) || !IsPlace(told.Worker))
            return null;
        var isPlan = told.Mode switch
        {
            ExecutionMode.Device => told.SplitLayer == layerCount && told.Worker.Length == 0,
            ExecutionMode.Cloud => told.SplitLayer == 0 && told.Worker.Length > 0,
            ExecutionMode.Split => told.SplitLayer > 0 && told.SplitLayer < layerCount && told.Worker.Length > 0,
            ExecutionMode.Handoff => told.SplitLayer < layerCount && told.Worker.Length > 0,
            _ => false,
        };
        var front = told.Front?.ToFormats();
        if (!isPlan || (told.Front is not null && front is null))
            return null;
        try
        {
            var plan = new FixedPlan(told.Mode, (int)told.SplitLayer, told.Compression.ToOptions()) { Front = front };
            return new RunningSession(plan, told.Worker, told.HasTokenCountMax ? told.TokenCountMax : null, told.Revision);
        }
        catch (UserErrorException)
        {
            return null; // its compression has values out of their range
        }
    }

    private static bool IsPlace(string worker) => worker.Length == 0 || Peer.Of(worker).Kind == PeerKind.Worker;
}
