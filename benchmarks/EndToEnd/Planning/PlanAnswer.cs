using System.Text.Json.Nodes;

namespace SplitActors.EndToEnd.Planning;

/// <summary>What <c>splitactors plan --json</c> said.</summary>
/// <param name="Choice">Null if none keeps the limits.</param>
/// <param name="Candidates">All of them.</param>
internal sealed record PlanAnswer(PlannedChoice? Choice, IReadOnlyDictionary<PlannedChoice, Expectation> Candidates)
{
    public static PlanAnswer Parse(JsonNode answer) => new(
        answer["choice"] is { } choice ? ChoiceOf(choice) : null,
        answer["candidates"]!.AsArray().ToDictionary(
            candidate => ChoiceOf(candidate!), candidate => new Expectation((double)candidate!["tpot_ms"]!, (long)candidate["memory_bytes"]!)));

    private static PlannedChoice ChoiceOf(JsonNode candidate) => new((int)candidate["split_layer"]!, (int?)candidate["front_weight_bits"] ?? 0);
}

/// <summary>A token as it was billed, in milliseconds.</summary>
/// <param name="Total">From the token before.</param>
/// <param name="Compute">Layers on device and worker.</param>
/// <param name="Codec">Encoding and decoding.</param>
/// <param name="Transport">Round trip less the worker's times.</param>
internal sealed record MeasuredToken(double Total, double Compute, double Codec, double Transport)
{
    public static MeasuredToken Mean(IReadOnlyCollection<JsonNode> bills)
    {
        return new MeasuredToken(
            Milliseconds("elapsed_us"), Milliseconds("edge_compute_us", "worker_compute_us"), Milliseconds("encode_us", "decode_us"), Milliseconds("transport_us"));

        double Milliseconds(params string[] fields) => bills.Average(bill => fields.Sum(field => (double)bill[field]!)) / 1e3;
    }
}
