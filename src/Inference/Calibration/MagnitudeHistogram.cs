using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Calibration;

/// <summary>How the magnitudes of hidden states are distributed, each divided by its token's root mean square.</summary>
/// <param name="width">d</param>
internal sealed class MagnitudeHistogram(int width)
{
    private const int PerOctave = 8;
    private const int OctaveMin = -12;
    private const int OctaveMax = 8;
    private const double OutlierBits = 45; // column and value of a CSR entry, as the rate–distortion codec reckons

    /// <summary>[k] From 2^(OctaveMin + k/PerOctave) on; the first has all below, too.</summary>
    private readonly long[] _counts = new long[(OctaveMax - OctaveMin) * PerOctave];

    private long _count;

    /// <param name="hidden">[n, d]; tokens of zeros or of values that are not finite do not count.</param>
    public void Add(ReadOnlySpan<float> hidden)
    {
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            var rms = ThresholdSplitter.RootMeanSquare(hidden[..width]);
            if (!(rms > 0))
                continue;
            foreach (var value in hidden[..width])
            {
                if (!float.IsFinite(value))
                    continue;
                _counts[IndexOf(Math.Abs(value) / rms)]++;
                _count++;
            }
        }
    }

    /// <summary>Values from a multiple of the RMS on, 0 to 1, within the resolution of an eighth of an octave.</summary>
    public double ShareFrom(double multiple) => (double)_counts.AsSpan(IndexOf(multiple)..).ToArray().Sum() / Math.Max(_count, 1);

    /// <summary>
    /// About what a value takes with a uniform quantizer: the entropy of levels and signs below the threshold, and a CSR entry from there
    /// on.
    /// </summary>
    /// <param name="step">As a multiple of the RMS.</param>
    /// <param name="threshold">Likewise, above <paramref name="step"/>.</param>
    public double BitsPerValue(double step, double threshold)
    {
        var levels = new double[(int)Math.Ceiling(threshold / step) + 1];
        for (var bin = 0; bin < IndexOf(threshold); bin++)
            levels[Math.Min((int)Math.Round(MiddleOf(bin) / step), levels.Length - 1)] += _counts[bin];
        var bits = ShareFrom(threshold) * OutlierBits;
        for (var level = 0; level < levels.Length; level++)
        {
            var share = levels[level] / Math.Max(_count, 1);
            bits += share > 0 ? share * (Math.Log2(1 / share) + (level > 0 ? 1 : 0)) : 0;
        }

        return bits;
    }

    private int IndexOf(double multiple) =>
        multiple > 0 ? (int)Math.Clamp(Math.Floor((Math.Log2(multiple) - OctaveMin) * PerOctave), 0, _counts.Length - 1) : 0;

    private static double MiddleOf(int bin) => bin == 0 ? 0 : Math.Pow(2, OctaveMin + ((bin + 0.5) / PerOctave));
}
