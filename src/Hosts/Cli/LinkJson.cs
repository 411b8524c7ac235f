using System.Text.Json;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>The field "link" of the ledger; null where none is emulated.</summary>
internal static class LinkJson
{
    public static void Write(Utf8JsonWriter json, Ledger ledger, RunLink? link)
    {
        if (link is null)
        {
            json.WriteNull("link");
            return;
        }

        json.WriteStartObject("link");
        json.WriteString("text", link.Text);
        Write(json, "time_us_p50", ledger.LinkUs(50));
        Write(json, "time_us_p99", ledger.LinkUs(99));
        Write(json, "up", link.Up);
        Write(json, "down", link.Down);
        Write(json, link.Observation);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string direction, LinkTraffic traffic)
    {
        json.WriteStartObject(direction);
        json.WriteNumber("messages", traffic.MessageCount);
        json.WriteNumber("bytes", traffic.ByteCount);
        json.WriteNumber("retransmissions", traffic.RepeatCount);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LinkObservation? seen)
    {
        if (seen is null)
        {
            json.WriteNull("measured");
            return;
        }

        json.WriteStartObject("measured");
        Write(json, "bits_per_second", seen.BitsPerSecond, 1);
        Write(json, "round_trip_us", seen.RoundTripSeconds, 1e6);
        Write(json, "loss", seen.LossProbability, 1);
        json.WriteNumber("round_trips", seen.SampleCount);
        json.WriteEndObject();
    }

    /// <summary>A value and its standard error, which is null where it is not finite.</summary>
    private static void Write(Utf8JsonWriter json, string name, Estimate? estimate, double scale)
    {
        Write(json, name, estimate?.Value * scale);
        Write(json, $"{name}_error", estimate?.StandardError * scale);
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
