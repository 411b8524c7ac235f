namespace SplitActors.EndToEnd.Planning;

/// <summary>Tables in Markdown.</summary>
internal sealed class PlanBenchmarkReport(TextWriter output)
{
    private const double NearBest = 1.10;
    private const double NearUnsplit = 1.05;

    public void Tokens(IReadOnlyList<ComparedToken> tokens)
    {
        output.WriteLine("| model | link | ℓ | bits | TPOT expected ms | measured ms | of it layers | codec | transport | error |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        foreach (var token in tokens)
        {
            output.WriteLine(
                $"| {token.Model.Name} | {token.Link} | {Columns(token.Choice)} | {token.ExpectedMs:0.00} | {token.MeasuredMs(part => part.Total):0.00} | "
                + $"{token.MeasuredMs(part => part.Compute):0.00} | {token.MeasuredMs(part => part.Codec):0.00} | {token.MeasuredMs(part => part.Transport):0.00} | {token.Error:+0.0%;-0.0%} |");
        }

        Summary($"TPOT of {tokens.Count} configurations", [.. tokens.Select(token => token.Error)]);
        foreach (var model in tokens.GroupBy(token => token.Model.Name, StringComparer.Ordinal))
            Summary($"{model.Key}, {model.Count()} of them", [.. model.Select(token => token.Error)]);
    }

    public void Memory(IReadOnlyList<ComparedMemory> shares)
    {
        output.WriteLine("\n| model | ℓ | bits | memory expected MB | peak MB | error |\n|---|--:|--:|--:|--:|--:|");
        foreach (var share in shares)
            output.WriteLine($"| {share.Model.Name} | {Columns(share.Choice)} | {share.ExpectedBytes / 1e6:0.0} | {share.MeasuredBytes / 1e6:0.0} | {share.Error:+0.0%;-0.0%} |");
        Summary($"memory of {shares.Count} shares", [.. shares.Select(share => share.Error)]);
    }

    public void Decisions(IReadOnlyList<PlanDecision> decisions)
    {
        output.WriteLine("\n| model | link | memory limit MB | chosen ℓ | bits | measured ms | best measured ms | unsplit ms | chosen ÷ best |\n|---|---|--:|--:|--:|--:|--:|--:|--:|");
        foreach (var decision in decisions)
        {
            output.WriteLine(
                $"| {decision.Model.Name} | {decision.Link} | {(decision.MemoryBytesMax is { } limit ? $"{limit / 1e6:0.0}" : "–")} | {Columns(decision.Choice)} | {decision.ChosenMs:0.00} | "
                + $"{decision.BestMs:0.00} | {decision.UnsplitMs:0.00} | {decision.ChosenMs / decision.BestMs:0.00} |");
        }

        var nearBest = decisions.Count(decision => decision.ChosenMs <= NearBest * decision.BestMs);
        var nearUnsplit = decisions.Count(decision => decision.ChosenMs <= NearUnsplit * decision.UnsplitMs);
        output.WriteLine($"\nChosen within 10 % of the best measured: {nearBest} of {decisions.Count}. At most 5 % slower than the better of device and worker alone: {nearUnsplit} of {decisions.Count}.");
    }

    private void Summary(string of, double[] errors) =>
        output.WriteLine($"\nError of {of}: median {Figures.Median(errors.Select(Math.Abs)):0.0%}, worst {errors.MaxBy(Math.Abs):+0.0%;-0.0%}.");

    private static string Columns(PlannedChoice choice) => choice.SplitLayer == 0 ? "0 | –" : $"{choice.SplitLayer} | {choice.Bits}";
}
