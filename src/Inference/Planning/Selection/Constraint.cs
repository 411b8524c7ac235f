namespace SplitActors.Inference.Planning.Selection;

/// <summary>A limit of a plan.</summary>
public enum Constraint
{
    /// <summary>Bytes on the device [2511.04002, eq. 8c].</summary>
    Memory,

    /// <summary>Relative rise of perplexity [eq. 8b].</summary>
    Accuracy,

    /// <summary>Seconds of a decoded token in the worst case [eq. 11].</summary>
    Deadline,
}

/// <summary>A limit that is not kept: raising it to <see cref="Needed"/> would keep it.</summary>
/// <param name="Constraint">Which one.</param>
/// <param name="Limit">In the constraint's unit.</param>
/// <param name="Needed">Above the limit; +∞ if nothing is enough.</param>
public readonly record struct Shortfall(Constraint Constraint, double Limit, double Needed)
{
    /// <summary>By how much the limit must rise.</summary>
    public double Excess => Needed - Limit;

    /// <summary>The part of what is needed that is missing, 0 to 1: to compare constraints of different units.</summary>
    public double Share => double.IsPositiveInfinity(Needed) ? 1 : Excess / Needed;

    public override string ToString() => Constraint switch
    {
        Constraint.Memory => $"memory: {Limit / 1e6:0.0} MB given, {Needed / 1e6:0.0} MB needed, {Excess / 1e6:0.0} MB more",
        Constraint.Accuracy when double.IsPositiveInfinity(Needed) => $"accuracy: {Limit:0.00%} rise of perplexity allowed, and none was measured",
        Constraint.Accuracy => $"accuracy: {Limit:0.00%} rise of perplexity allowed, {Needed:0.00%} needed, {Excess:0.00%} more",
        _ when double.IsPositiveInfinity(Needed) => $"deadline: {Limit * 1e3:0.0} ms per token given, and the link keeps none",
        _ => $"deadline: {Limit * 1e3:0.0} ms per token given, {Needed * 1e3:0.0} ms needed, {Excess * 1e3:0.0} ms more",
    };
}
