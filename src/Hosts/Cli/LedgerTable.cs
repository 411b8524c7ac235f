using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Cli;

/// <summary>The ledger of a session as a table for people.</summary>
internal static class LedgerTable
{
    /// <param name="more">Rows that follow.</param>
    public static void Write(Plan plan, Compression? compression, ModelConfig config, int promptTokens, Ledger ledger, IReadOnlyList<SessionMoved> moves, SessionEnded ended, IEnumerable<(string Name, string Value)> more)
    {
        Console.Error.WriteLine();
        Terminal.Error.WriteFacts([.. Rows(plan, compression, config, promptTokens, ledger, moves, ended), .. more]);
    }

    private static IEnumerable<(string Name, string Value)> Rows(Plan plan, Compression? compression, ModelConfig config, int promptTokens, Ledger ledger, IReadOnlyList<SessionMoved> moves, SessionEnded ended)
    {
        var total = ledger.Total;
        yield return ("mode", $"{plan.Mode.ToString().ToLowerInvariant()}, ℓ = {plan.SplitLayer} of {config.LayerCount}: {Placement(plan, config)}");
        foreach (var row in PlanText.Rows(plan))
            yield return row;
        yield return ("tokens", $"{promptTokens} prompt, {ledger.TokenCount} generated; {Reason(ended)}");
        foreach (var moved in moves)
            yield return (MoveText.Name(moved), MoveText.Describe(moved));
        if (ledger.TtftUs is { } ttft)
            yield return ("speed", $"TTFT {Ms(ttft)}; TPOT {Tpot(ledger)}");
        if (total.FrameBytes > 0)
        {
            yield return ("bytes per token", $"raw fp16 {PerRow(total.RawBytes)}, sent {PerRow(total.FrameBytes)}, ratio {ledger.CompressionRatio:F2} (with message headers {PerRow(total.MessageBytes - total.KvBytes)})");
            yield return ("compression", CompressionText.Describe(compression));
            yield return ("bits per value", BitsPerValue(total));
            yield return ("outliers", $"{(double)total.OutlierCount / total.RowCount:F2} per token, sent losslessly");
        }
        else if (total.MessageBytes > 0)
        {
            yield return ("bytes per token", $"sent {PerRow(total.MessageBytes)} as token ids, message headers included");
        }

        if (total.ResentCount > 0)
            yield return ("sent again", $"{total.ResentCount} messages");
        if (total.HedgeCount > 0)
            yield return ("hedges", $"{total.HedgeCount} opened, {total.HedgeWonCount} won, {total.HedgeLostCount} lost; {total.HedgeRowCount} tokens replayed for them");
        if (ledger.TokenCount > 0)
            yield return ("where time went", Times(total));

        string PerRow(long bytes) => $"{(double)bytes / total.RowCount:F1} B";
    }

    private static string Placement(Plan plan, ModelConfig config) => plan.Mode switch
    {
        ExecutionMode.Cloud => $"{LayerRange.Back(0, config.LayerCount)} on {plan.Worker}",
        ExecutionMode.Handoff => $"{LayerRange.Front(config.LayerCount)} on the device, later {LayerRange.Back((int)plan.SplitLayer, config.LayerCount)} on {plan.Worker}",
        ExecutionMode.Device => $"{LayerRange.Front(config.LayerCount)} on the device",
        _ => $"{LayerRange.Front((int)plan.SplitLayer)} on the device, {LayerRange.Back((int)plan.SplitLayer, config.LayerCount)} on {plan.Worker}",
    };

    private static string Reason(SessionEnded ended) => ended.Reason switch
    {
        EndReason.EndToken => "the model ended the text",
        EndReason.TokenLimit => "the token limit is reached",
        EndReason.ContextFull => "the context is full",
        EndReason.Cancelled => "interrupted",
        EndReason.Refused => "refused",
        _ => "failed",
    };

    private static string Tpot(Ledger ledger) =>
        ledger.TpotUs(50) is { } p50 ? $"p50 {Ms(p50)}, p99 {Ms(ledger.TpotUs(99)!.Value)}; {ledger.TokensPerSecond:F0} tokens/s" : "–";

    /// <summary>All bytes of the frames count; TAB-Q's bit-widths, before entropy coding, follow.</summary>
    private static string BitsPerValue(TokenBill total)
    {
        var bits = 8.0 * total.FrameBytes / (total.RawBytes / sizeof(ushort));
        var shares = total.BitsHistogram
            .Select((count, bits) => (Bits: bits, Count: count))
            .Where(entry => entry.Count > 0)
            .Select(entry => $"{entry.Bits} bits: {entry.Count} tokens");
        return $"{bits:F2}" + (string.Join(", ", shares) is { Length: > 0 } text ? $"; {text}" : "");
    }

    private static string Times(TokenBill total)
    {
        var parts = new (string Name, long Us)[]
        {
            ("edge compute", total.EdgeComputeUs),
            ("encode", total.EncodeUs),
            ("transport", total.TransportUs),
            ("queue", total.QueueUs),
            ("decode", total.DecodeUs),
            ("worker compute", total.WorkerComputeUs),
        };
        var other = Math.Max(0, total.ElapsedUs - parts.Sum(part => part.Us));
        return string.Join(", ", parts.Select(part => $"{part.Name} {Ms(part.Us)}")) + $", loading and hand-overs {Ms(other)}; in all {Ms(total.ElapsedUs)}";
    }

    private static string Ms(long microseconds) => $"{microseconds / 1000.0:F2} ms";
}
