using System.Runtime.InteropServices;

namespace SplitActors.Inference.Tests.Kernels;

internal static class BitAssert
{
    /// <summary>The same bits, so that −0 is not 0.</summary>
    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var index = MemoryMarshal.AsBytes(expected).CommonPrefixLength(MemoryMarshal.AsBytes(actual)) / sizeof(float);
        if (index < expected.Length)
            Assert.Fail($"Element {index} of {expected.Length}: expected {expected[index]:r}, found {actual[index]:r}.");
    }
}
