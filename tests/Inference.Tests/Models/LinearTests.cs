using SplitActors.Inference.Tests.Kernels;

namespace SplitActors.Inference.Tests.Models;

public sealed class LinearTests : IDisposable
{
    private readonly LinearFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>Largest difference to weights within ±1: half a unit in the last place, or half a step between levels.</summary>
    [Theory]
    [InlineData("F32", 0)]
    [InlineData("F16", 1.0 / 4096)]
    [InlineData("BF16", 1.0 / 256)] // cut, not rounded
    [InlineData("int8/32", 1.0 / 253)]
    public void CopyRow_AnyFormat_IsTheStoredRow(string type, double errorMax)
    {
        const int OutputSize = 21, InputSize = 100;
        var linear = _files.Create(type, OutputSize, InputSize);
        var stored = KernelInputs.Floats(OutputSize + InputSize, OutputSize * InputSize);
        var row = new float[InputSize];
        for (var i = 0; i < OutputSize; i++)
        {
            linear.CopyRow(i, row);
            for (var k = 0; k < InputSize; k++)
                ErrorBudget.AssertWithin(stored[(i * InputSize) + k], row[k], errorMax, $"w[{i}, {k}]");
        }
    }
}
