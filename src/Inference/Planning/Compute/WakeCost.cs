namespace SplitActors.Inference.Planning.Compute;

/// <summary>
/// Seconds by which a pass takes longer if the machine waited for a message before it: threads have gone to sleep, and caches hold something else.
/// </summary>
/// <param name="PassSeconds">Whatever the layers.</param>
/// <param name="LayerSeconds">For each layer.</param>
public readonly record struct WakeCost(double PassSeconds, double LayerSeconds)
{
    public double Seconds(int layerCount) => PassSeconds + (layerCount * LayerSeconds);

    public WakeCost Scaled(double factor) => new(factor * PassSeconds, factor * LayerSeconds);
}
