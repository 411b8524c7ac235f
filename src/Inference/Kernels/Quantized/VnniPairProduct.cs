using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SplitActors.Inference.Kernels.MachineCode;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// Two neighbouring tiles of weights times a panel of several tokens, each as <see cref="TileProduct{TLanes,TInt,TFloat,TCodes}"/> computes it, bit for bit. Its
/// <c>vpdpbusd</c> adds four products of bytes into an int32, for which .NET's instructions take two and a third at the end; .NET 10 offers it for registers of
/// 256 bits and CPUs with AVX-VNNI only, so <see cref="VnniPairCode"/> writes the loops (docs/adr/0004-machine-code-for-vnni.md).
/// </summary>
internal static unsafe class VnniPairProduct<TCodes>
    where TCodes : struct, IWeightCodes
{
    private const int Avx512VnniBit = 11; // of ecx, CPUID leaf 7

    private static readonly delegate* unmanaged<VnniPairOperands*, void> Code = Load();

    /// <summary>Whether the CPU has AVX-512 VNNI, .NET uses AVX-512, and the system lets programs make code.</summary>
    public static bool IsSupported => Code != null;

    /// <param name="tiles">The bytes of the first tile, and then of the second.</param>
    /// <param name="layout">Of the matrix.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">[2][tokens][16], written</param>
    public static void Compute(byte* tiles, in TileLayout layout, in ActivationPanel panel, float* sums)
    {
        var tokenCount = panel.TokenCount;
        new Span<float>(sums, 2 * tokenCount * TileLayout.TileRows).Clear();
        var operands = new VnniPairOperands
        {
            Scales = tiles,
            ScalesStep = TileLayout.TileRows * sizeof(ushort) * TileLayout.BlockColumns / layout.Format.GroupSize,
            TileBytes = layout.TileBytes,
            Codes0 = tiles + layout.ScalesBytes,
            Codes1 = tiles + layout.ScalesBytes + layout.TileBytes,
            Activations = panel.Codes,
            ActivationScales = panel.Scales,
            Corrections = panel.Corrections,
            CorrectionsEnd = panel.Corrections + ((nint)panel.BlockCount * tokenCount),
            Sums0 = sums,
            Sums1 = sums + (tokenCount * TileLayout.TileRows),
            TokenCount = tokenCount,
        };
        Code(&operands);
    }

    private static delegate* unmanaged<VnniPairOperands*, void> Load()
    {
        if (!RowLanes512.IsSupported || ((X86Base.CpuId(7, 0).Ecx >> Avx512VnniBit) & 1) == 0)
            return null;
        return (delegate* unmanaged<VnniPairOperands*, void>)ExecutableMemory.TryLoad(VnniPairCode.Assemble(TCodes.Bits));
    }
}

/// <summary>What the code reads and writes, each at its field's offset; there is at least one block and one token.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VnniPairOperands
{
    /// <summary>[groups][16 rows] fp16 of the first tile.</summary>
    public byte* Scales;

    /// <summary>Bytes of scales that belong to a block.</summary>
    public long ScalesStep;

    /// <summary>Bytes of scales that belong to the blocks so far.</summary>
    public long ScalesOffset;

    /// <summary>From something of the first tile to that of the second.</summary>
    public long TileBytes;

    /// <summary>[blocks] of the first tile.</summary>
    public byte* Codes0;

    /// <summary>[blocks] of the second tile.</summary>
    public byte* Codes1;

    /// <summary>[blocks][tokens][32]</summary>
    public sbyte* Activations;

    /// <summary>[blocks][tokens]</summary>
    public float* ActivationScales;

    /// <summary>[blocks][tokens]</summary>
    public int* Corrections;

    /// <summary>Behind the last block's.</summary>
    public int* CorrectionsEnd;

    /// <summary>[tokens][16 rows] of the first tile, added to.</summary>
    public float* Sums0;

    /// <summary>[tokens][16 rows] of the second tile, added to.</summary>
    public float* Sums1;

    public long TokenCount;
}
