using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>
/// Made-up hidden states with the tail of those of large models [2511.04002, figure 4]: 99 % of |x| are below 1 and 5 in 10⁶ above 100. Below 1
/// values are normal with σ = 0.39, cut at 1; from there on P(|x| &gt; a) = 0.01 · a^−α with the α that leaves 5 in 10⁶ above 100.
/// </summary>
/// <param name="seed">The same one makes the same states.</param>
/// <param name="width">Values per token.</param>
public sealed class HeavyTailedState(ulong seed, int width)
{
    /// <summary>Magnitudes below it are the state without its outliers.</summary>
    public const float CleanMagnitudeMax = 1;

    private const double TailShare = 0.01;
    private const double FarMagnitude = 100;
    private const double FarShare = 5e-6;
    private const double BodyDeviation = 0.39; // 99 % of a normal distribution lie within 2.576 σ

    private static readonly double TailExponent = Math.Log(TailShare / FarShare) / Math.Log(FarMagnitude);

    public int Width => width;

    public ulong Seed => seed;

    /// <summary>The states of neighbouring tokens.</summary>
    /// <param name="firstRow">Number of the first token.</param>
    /// <param name="hidden">[n, d], written</param>
    public void Fill(int firstRow, Span<float> hidden)
    {
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = Value((uint)(firstRow + (i / width)), (uint)(i % width));
    }

    private float Value(uint row, uint column)
    {
        for (var attempt = 0u; ; attempt++)
        {
            var (x0, x1, x2, _) = Philox.Block(column, row, attempt, 0, (uint)seed, (uint)(seed >> 32));
            var sign = (x2 & 1) == 0 ? 1 : -1;
            if (x2 < TailShare * (1L << 32))
                return (float)(sign * Math.Pow(Uniform(x0), -1 / TailExponent));
            var normal = BodyDeviation * Math.Sqrt(-2 * Math.Log(Uniform(x0))) * Math.Cos(2 * Math.PI * Uniform(x1)); // Box–Muller
            if (Math.Abs(normal) < CleanMagnitudeMax)
                return (float)normal;
        }
    }

    /// <summary>In (0, 1].</summary>
    private static double Uniform(uint bits) => (bits + 1.0) / (1L << 32);
}
