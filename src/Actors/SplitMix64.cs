namespace SplitActors.Actors;

/// <summary>
/// A small deterministic generator, for the choices of a simulation
/// [Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"].
/// </summary>
public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <returns>A number in [0, bound), uniform up to a bias of bound/2⁶⁴.</returns>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <returns>In [0, 1), from 53 bits.</returns>
    public double NextFraction() => (Next() >> 11) * (1.0 / (1L << 53));
}
