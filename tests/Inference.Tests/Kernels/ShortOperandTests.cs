using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

/// <summary>Loops over registers look at the first element of a block alone: an operand that ends within a block was read, or written, beyond its end.</summary>
public sealed class ShortOperandTests
{
    private const int Width = 64;
    private const int Short = Width - 1;

    public static TheoryData<string> Names => [.. Loops.Keys];

    private static Dictionary<string, Action> Loops { get; } = new(StringComparer.Ordinal)
    {
        ["dot product"] = () => DotProduct.Compute(new float[Width], new float[Short]),
        ["sum"] = () => Elementwise.Add(new float[Width], new float[Short]),
        ["SwiGLU"] = () => SwiGlu.Apply(new float[Width], new float[Short]),
        ["levels of symbols"] = () => LevelQuantizer.Quantize(new float[Width], [], step: 1, new byte[Short]),
        ["levels with a mean"] = () => LevelQuantizer.Quantize(new float[Width], new float[Short], step: 1, new byte[Width]),
        ["mean"] = () => LevelQuantizer.Add(new float[Width], new float[Short]),
        ["outliers"] = () => OutlierScan.TakeOut(new byte[Width], new byte[Short], new int[Width]),
        ["token scale"] = () => TokenScale.Measure(new float[Width], new float[Short]),
        ["column tables"] = () => ColumnTables.Fill(new FrameSetting(RateDistortionTransform.Columns, 0, 20), new ColumnOffsets(new float[Short]), new ushort[Width]),
        ["symbols of levels"] = () => SymbolMap.ToSymbols(QuantizationGrid.Constant(1), new float[Width], new byte[Short], new byte[Width]),
        ["symbols"] = () => SymbolMap.ToSymbols(QuantizationGrid.Constant(1), new float[Width], new byte[Width], new byte[Short]),
        ["magnitudes"] = () => AsymmetricQuantizer.Quantize(new float[Width], QuantizationGrid.Constant(1), new byte[Short]),
        ["threshold"] = () => ThresholdSplitter.Split(new float[Width], threshold: 1, new float[Short], new int[Width]),
        ["double dot product"] = () => DoubleVectors.Dot(new double[Width], new double[Short]),
        ["double sum"] = () => DoubleVectors.AddScaled(new double[Width], 1, new double[Short]),
        ["double rotation"] = () => DoubleVectors.Rotate(new double[Width], new double[Short], 0, 1),
        ["rotation"] = () => Transform(prediction: null).Forward(new float[Width], [], new float[Width], new float[Width + 1]),
        ["prediction"] = () => Transform(new float[Width * Width]).Forward(new float[Width], new float[Short], new float[Width], new float[Width]),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Loop_OperandThatIsTooShort_IsRefused(string name) => Assert.ThrowsAny<ArgumentException>(Loops[name]);

    private static HiddenStateTransform Transform(float[]? prediction) => new(new float[Width], new float[Width], new ushort[Width * Width], prediction);
}
