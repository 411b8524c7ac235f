namespace SplitActors.Inference.Planning.Compute;

/// <summary>
/// Seconds of a pass, linear in its work: weights are read once, each row is multiplied, and each row attends to its positions. No part is
/// negative.
/// </summary>
/// <param name="PassSeconds">Whatever the rows.</param>
/// <param name="RowSeconds">For each row: of the batch, or of a chunk of a prompt.</param>
/// <param name="PositionSeconds">For each position that a row attends to.</param>
public readonly record struct LinearCost(double PassSeconds, double RowSeconds, double PositionSeconds)
{
    /// <param name="rowCount">Of all passes together.</param>
    /// <param name="positionCount">Σ over rows of the positions that each attends to, itself included.</param>
    /// <param name="passCount">Passes over the weights.</param>
    public double Seconds(double rowCount, double positionCount, double passCount = 1) =>
        (passCount * PassSeconds) + (rowCount * RowSeconds) + (positionCount * PositionSeconds);

    public LinearCost Scaled(double factor) => new(factor * PassSeconds, factor * RowSeconds, factor * PositionSeconds);
}
