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
    /// <summary>
    /// The mean of what crosses the link, since attempts fail by design, and medians of the rest, which the machine's other guests disturb.
    /// </summary>
    public static MeasuredToken Of(IReadOnlyCollection<JsonNode> bills)
    {
        var transport = Each("transport_us").Average();
        var rest = Each("elapsed_us").Zip(Each("transport_us"), (elapsed, onLink) => elapsed - onLink);
        return new MeasuredToken(
            Figures.Median(rest) + transport, Figures.Median(Each("edge_compute_us", "worker_compute_us")), Figures.Median(Each("encode_us", "decode_us")), transport);

        IEnumerable<double> Each(params string[] fields) => bills.Select(bill => fields.Sum(field => (double)bill[field]!) / 1e3);
    }
}
