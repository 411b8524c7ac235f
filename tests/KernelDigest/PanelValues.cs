using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;

namespace SplitActors.KernelDigest;

/// <summary>What the activation quantizer wrote.</summary>
/// <param name="TokenCount">Tokens of the panel.</param>
/// <param name="Codes">[blocks][tokens][32]</param>
/// <param name="Scales">[blocks][tokens]</param>
/// <param name="Corrections">[blocks][tokens]</param>
internal sealed record PanelValues(int TokenCount, sbyte[] Codes, float[] Scales, int[] Corrections)
{
    private unsafe delegate void Quantizer(float* x, int columnCount, WeightFormat weights, in ActivationPanel panel);

    /// <param name="x">[tokens, columns]</param>
    /// <param name="tokenCount">At most those of one panel.</param>
    /// <param name="weights">Of the matrix.</param>
    public static unsafe PanelValues Quantize(float[] x, int tokenCount, WeightFormat weights) => Run(ActivationQuantizer.Quantize, x, tokenCount, weights);

    /// <inheritdoc cref="Quantize"/>
    public static unsafe PanelValues QuantizeScalar(float[] x, int tokenCount, WeightFormat weights) =>
        Run(ActivationQuantizer.QuantizeScalar, x, tokenCount, weights);

    public int Code(int token, int column) =>
        Codes[(Index(token, column) * TileLayout.BlockColumns) + (column % TileLayout.BlockColumns)];

    public float Scale(int token, int column) => Scales[Index(token, column)];

    public int Correction(int token, int column) => Corrections[Index(token, column)];

    private static unsafe PanelValues Run(Quantizer quantize, float[] x, int tokenCount, WeightFormat weights)
    {
        var columnCount = x.Length / tokenCount;
        var blockCount = (columnCount + TileLayout.BlockColumns - 1) / TileLayout.BlockColumns;
        var codes = new sbyte[blockCount * tokenCount * TileLayout.BlockColumns];
        var scales = new float[blockCount * tokenCount];
        var corrections = new int[scales.Length];
        codes.AsSpan().Fill(sbyte.MinValue); // every value must be written
        scales.AsSpan().Fill(float.MinValue);
        corrections.AsSpan().Fill(int.MinValue);
        fixed (float* input = x, scalesPointer = scales)
        fixed (sbyte* codesPointer = codes)
        fixed (int* correctionsPointer = corrections)
        {
            quantize(input, columnCount, weights, new ActivationPanel
            {
                TokenCount = tokenCount,
                BlockCount = blockCount,
                Codes = codesPointer,
                Scales = scalesPointer,
                Corrections = correctionsPointer,
            });
        }

        return new PanelValues(tokenCount, codes, scales, corrections);
    }

    private int Index(int token, int column) => (column / TileLayout.BlockColumns * TokenCount) + token;
}
