using System.Text.Json;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>A move of a session, for people and for machines.</summary>
internal static class MoveText
{
    /// <summary>Of the ledger's line.</summary>
    public static string Name(SessionMoved moved) => moved.Exit is null ? "moved" : "exit";

    public static string Describe(SessionMoved moved) =>
        $"{What(moved)}: {moved.Why}; {moved.ElapsedUs / 1000.0:F1} ms to the next token, {moved.MessageBytes} B sent";

    public static void Write(Utf8JsonWriter json, SessionMoved moved)
    {
        json.WriteNumber("at_token", moved.AtToken);
        WritePlace(json, "from", moved.From);
        WritePlace(json, "to", moved.To);
        json.WriteString("reason", moved.Why);
        json.WriteNumber("elapsed_us", moved.ElapsedUs);
        json.WriteNumber("message_bytes", moved.MessageBytes);
        if (moved.Exit is not { } exit)
            return;
        json.WriteString("shipment", Shipment(exit.Shipment));
        json.WriteNumber("kv_bytes", exit.KvBytes);
    }

    private static string What(SessionMoved moved) => moved.Exit is { } exit
        ? $"at (w, ℓ) = ({exit.TokenCount}, {exit.SplitLayer}) to {Place(moved.To)}, {Shipped(exit)}"
        : $"after {moved.AtToken} tokens from {Place(moved.From)} to {Place(moved.To)}";

    private static string Shipped(HandoffExit exit) => exit.Shipment == KvShipment.None
        ? "I_kv = 0"
        : $"I_kv = 1 with {exit.KvBytes} B of keys and values ({Shipment(exit.Shipment)})";

    /// <summary>In the words of <c>--handoff-kv</c>.</summary>
    private static string Shipment(KvShipment shipment) => shipment switch
    {
        KvShipment.Exact => "exact",
        KvShipment.Compressed => "tabq",
        _ => "none",
    };

    private static string Place(Plan plan) => plan.Mode == ExecutionMode.Split ? $"split, ℓ = {plan.SplitLayer}" : Mode(plan);

    private static string Mode(Plan plan) => plan.Mode.ToString().ToLowerInvariant();

    private static void WritePlace(Utf8JsonWriter json, string name, Plan plan)
    {
        json.WriteStartObject(name);
        json.WriteString("mode", Mode(plan));
        json.WriteNumber("split_layer", plan.SplitLayer);
        json.WriteString("worker", plan.Worker.Length > 0 ? plan.Worker : null);
        json.WriteEndObject();
    }
}
