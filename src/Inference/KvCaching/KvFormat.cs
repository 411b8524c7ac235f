namespace SplitActors.Inference.KvCaching;

/// <summary>
/// How a cache stores keys and values; the number is the bits per value. Integers are asymmetric with one grid per position, head, and key or
/// value, as in Atom [arXiv 2310.19102]; <see cref="Kernels.KvGrid"/> states the error. All but <see cref="Float32"/> saturate at ±65504, the
/// largest half. NaN makes a head NaN at its position in the integer formats, and is a large number in half: its own token is NaN in any case, and
/// no token is drawn from it.
/// </summary>
public enum KvFormat
{
    Int4 = 4,
    Int8 = 8,

    /// <summary>IEEE half: relative error ≤ 2⁻¹¹, absolute ≤ 2⁻²⁵ below 2⁻¹⁴.</summary>
    Float16 = 16,

    /// <summary>Exact: the reference.</summary>
    Float32 = 32,
}
