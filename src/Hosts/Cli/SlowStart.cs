using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Hosts.Cli;

/// <summary>What to say of a plan that keeps a user waiting for the first token: why it does, and what helps.</summary>
internal static class SlowStart
{
    /// <summary>Who waits longer without a word takes the program for stuck.</summary>
    private const double SecondsMax = 10;

    private const double ShareWorthNaming = 0.5; // of the plan's own time, for another candidate

    /// <returns>Two sentences; null where there is no plan, or its first token comes soon enough.</returns>
    public static string? Describe(Plan plan, PlanningProblem problem)
    {
        if (plan.Choice is not { FirstToken: var parts } choice || parts.Seconds <= SecondsMax)
            return null;
        var (seconds, cause, remedy) = Longest(parts, choice.Choice.SplitLayer, problem);
        var faster = plan.Candidates.Where(candidate => candidate.IsFeasible).MinBy(candidate => candidate.FirstToken.Seconds);
        var other = faster is { FirstToken: var its } && its.Seconds < ShareWorthNaming * parts.Seconds
            ? FormattableString.Invariant($"; {PlaceOf(faster.Choice.SplitLayer, problem.Config.LayerCount)} would take {its.Seconds:0.#} s")
            : "";
        return FormattableString.Invariant($"Expect the first token after {parts.Seconds:0} s: {cause} takes {seconds:0} s of them. ")
            + $"To shorten that, use {remedy}{other}.";
    }

    private static (double Seconds, string Cause, string Remedy) Longest(LatencyParts parts, int splitLayer, PlanningProblem problem)
    {
        var sending = splitLayer == 0 ? "a faster link or a shorter prompt" : "a faster link, a shorter prompt or stronger compression (--quality)";
        return new[]
        {
            (parts.Uplink, $"sending the prompt of {problem.PromptTokens} tokens", sending),
            (parts.Device, $"the device's pass through the prompt of {problem.PromptTokens} tokens", "fewer layers or fewer bits on the device, or a shorter prompt"),
            (parts.Worker, $"the worker's pass through the prompt of {problem.PromptTokens} tokens", "a faster worker or a shorter prompt"),
            (parts.Queue, "waiting for the worker", "a worker with less to do"),
            (parts.Downlink, "the answer's way back", "a faster link"),
        }.MaxBy(part => part.Item1);
    }

    private static string PlaceOf(int splitLayer, int layerCount) =>
        splitLayer == 0 ? "the worker alone" : splitLayer == layerCount ? "the device alone" : $"a split after layer {splitLayer}";
}
