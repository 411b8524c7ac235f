using System.Text.Json;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>What a scheduler says of a plan that it made for this device, for people and for machines.</summary>
internal static class PlanText
{
    public static IEnumerable<(string Name, string Value)> Rows(Plan plan)
    {
        if (plan.Expected is not { } expected)
            yield break;
        yield return ("plan", plan.Reason);
        var rise = expected.HasPerplexityRise ? Text($", perplexity {expected.PerplexityRise:+0.00%;-0.00%}") : "";
        var front = plan.Front is { } format ? $", its layers in {format.WeightBits} bits with keys and values in {format.KvBits}" : "";
        var rate = plan.HasRate ? Text($", R* = {plan.Rate / 1e6:0.00} Mbit/s") : "";
        var worst = expected.HasTokenUsWorst ? Text($"{expected.TokenUsWorst / 1e3:0.0}") : "without bound";
        yield return ("expected", Text($"{expected.TokenUs / 1e3:0.0} ms for a token, at worst {worst}, device {expected.MemoryBytes / 1e6:0.0} MB{front}{rise}{rate}"));
    }

    /// <summary>The field "planned"; null where the plan was not made for this device.</summary>
    public static void Write(Utf8JsonWriter json, Plan plan)
    {
        if (plan.Expected is not { } expected)
        {
            json.WriteNull("planned");
            return;
        }

        json.WriteStartObject("planned");
        json.WriteString("reason", plan.Reason);
        json.WriteNumber("token_us", expected.TokenUs);
        WriteIf(json, "token_us_worst", expected.HasTokenUsWorst, expected.TokenUsWorst);
        json.WriteNumber("memory_bytes", expected.MemoryBytes);
        json.WriteNumber("uplink_bytes", expected.UplinkBytes);
        WriteIf(json, "perplexity_rise", expected.HasPerplexityRise, expected.PerplexityRise);
        WriteIf(json, "front_weight_bits", plan.Front is not null, plan.Front?.WeightBits ?? 0);
        WriteIf(json, "front_kv_bits", plan.Front is not null, plan.Front?.KvBits ?? 0);
        WriteIf(json, "rate_bits_per_second", plan.HasRate, plan.Rate);
        WriteIf(json, "token_count_max", plan.HasTokenCountMax, plan.TokenCountMax);
        json.WriteEndObject();
    }

    private static void WriteIf(Utf8JsonWriter json, string name, bool isKnown, double value)
    {
        if (isKnown)
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
