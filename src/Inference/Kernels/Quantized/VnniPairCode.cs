using System.Runtime.InteropServices;
using SplitActors.Inference.Kernels.MachineCode;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// Writes the loops of <see cref="VnniPairProduct{TCodes}"/>: a function of one <see cref="VnniPairOperands"/>*. The codes of a block of two tiles are unpacked once into
/// registers 16 … 31, for all tokens.
/// </summary>
internal sealed class VnniPairCode
{
    private const int RowsBytes = 64; // a number for each row of a tile: a register
    private const int Steps = TileLayout.BlockColumns / sizeof(int); // instructions for a block of a tile, each of four columns

    private const Register Operands = Register.Rdi; // the first argument
    private const Register Codes0 = Register.Rsi;
    private const Register Codes1 = Register.Rdx;
    private const Register Activations = Register.Rcx;
    private const Register ActivationScales = Register.R8;
    private const Register Corrections = Register.R9;
    private const Register Sums0 = Register.R10;
    private const Register Sums1 = Register.R11;
    private const Register Temporary = Register.Rax;
    private const Register TokensLeft = Register.Rax;

    private static readonly Zmm Dot0 = new(0);
    private static readonly Zmm Dot1 = new(1);
    private static readonly Zmm FourActivations = new(2);
    private static readonly Zmm Scale0 = new(3);
    private static readonly Zmm Scale1 = new(4);
    private static readonly Zmm WeightScale0 = new(5);
    private static readonly Zmm WeightScale1 = new(6);
    private static readonly Zmm HighBit = new(7);
    private static readonly Zmm CodeMask = new(8);
    private static readonly Zmm HighBitMask = new(9);
    private static readonly Zmm HalfMask = new(10);
    private static readonly Zmm HalfScale = new(11);

    private readonly Assembler512 _assembler = new();
    private readonly int _bits;

    private VnniPairCode(int bits) => _bits = bits;

    private int BlockBytes => _bits * TileLayout.PlaneBytes;

    /// <summary>Bits of a code that lie side by side; the third of three bits lies elsewhere.</summary>
    private int LowBits => _bits == 3 ? 2 : _bits;

    /// <param name="bits">8, 4, 3 or 2, of a code.</param>
    public static byte[] Assemble(int bits)
    {
        var code = new VnniPairCode(bits);
        code.Write();
        return code._assembler.ToArray();
    }

    private void Write()
    {
        LoadConstants();
        _assembler.Mov(Codes0, Field(nameof(VnniPairOperands.Codes0)));
        _assembler.Mov(Codes1, Field(nameof(VnniPairOperands.Codes1)));
        _assembler.Mov(Activations, Field(nameof(VnniPairOperands.Activations)));
        _assembler.Mov(ActivationScales, Field(nameof(VnniPairOperands.ActivationScales)));
        _assembler.Mov(Corrections, Field(nameof(VnniPairOperands.Corrections)));

        var nextBlock = _assembler.Label();
        Prefetch();
        LoadWeightScales();
        for (var step = 0; step < Steps; step++)
        {
            Unpack(CodesOf(tile: 0, step), Codes0, step);
            Unpack(CodesOf(tile: 1, step), Codes1, step);
        }

        _assembler.Mov(Sums0, Field(nameof(VnniPairOperands.Sums0)));
        _assembler.Mov(Sums1, Field(nameof(VnniPairOperands.Sums1)));
        _assembler.Mov(TokensLeft, Field(nameof(VnniPairOperands.TokenCount)));

        var nextToken = _assembler.Label();
        MultiplyToken();
        _assembler.Add(Activations, TileLayout.BlockColumns);
        _assembler.Add(ActivationScales, sizeof(float));
        _assembler.Add(Corrections, sizeof(int));
        _assembler.Add(Sums0, RowsBytes);
        _assembler.Add(Sums1, RowsBytes);
        _assembler.Dec(TokensLeft);
        _assembler.Jnz(nextToken);

        _assembler.Add(Codes0, BlockBytes);
        _assembler.Add(Codes1, BlockBytes);
        _assembler.Cmp(Corrections, Field(nameof(VnniPairOperands.CorrectionsEnd)));
        _assembler.Jnz(nextBlock);
        _assembler.Vzeroupper();
        _assembler.Ret();
    }

    private void LoadConstants()
    {
        Broadcast(CodeMask, ((1 << LowBits) - 1) * 0x01010101);
        Broadcast(HighBitMask, 0x04040404);
        Broadcast(HalfMask, HalfVector.SignAndMagnitudeMask);
        Broadcast(HalfScale, BitConverter.SingleToInt32Bits(HalfVector.BiasScale));

        void Broadcast(Zmm register, int value)
        {
            _assembler.Mov(Temporary, value);
            _assembler.Vpbroadcastd(register, Temporary);
        }
    }

    private void Prefetch()
    {
        for (var plane = 0; plane < _bits; plane++)
        {
            var ahead = TileProducts.PrefetchBytes(_bits) + (plane * TileLayout.PlaneBytes);
            _assembler.Prefetcht1(new MemoryOperand(Codes0, ahead));
            _assembler.Prefetcht1(new MemoryOperand(Codes1, ahead));
        }
    }

    /// <summary>Of the block's group; a block's share of it is rounded down to the group's first byte.</summary>
    private void LoadWeightScales()
    {
        const int groupBytes = TileLayout.TileRows * sizeof(ushort);
        _assembler.Mov(Temporary, Field(nameof(VnniPairOperands.ScalesOffset)));
        _assembler.And(Temporary, -groupBytes);
        _assembler.Add(Temporary, Field(nameof(VnniPairOperands.Scales)));
        LoadHalves(WeightScale0);
        _assembler.Add(Temporary, Field(nameof(VnniPairOperands.TileBytes)));
        LoadHalves(WeightScale1);
        _assembler.Mov(Temporary, Field(nameof(VnniPairOperands.ScalesOffset)));
        _assembler.Add(Temporary, Field(nameof(VnniPairOperands.ScalesStep)));
        _assembler.Mov(Field(nameof(VnniPairOperands.ScalesOffset)), Temporary);

        // As HalfVector.Load.
        void LoadHalves(Zmm scales)
        {
            _assembler.Vpmovsxwd(scales, new MemoryOperand(Temporary));
            _assembler.Vpslld(scales, scales, 13);
            _assembler.Vpandd(scales, scales, HalfMask);
            _assembler.Vmulps(scales, scales, HalfScale);
        }
    }

    /// <summary>Four columns of a block, as <see cref="IWeightCodes"/> unpacks them.</summary>
    private void Unpack(Zmm codes, Register block, int step)
    {
        var stepsPerPlane = 8 / LowBits;
        var plane = new MemoryOperand(block, step / stepsPerPlane * TileLayout.PlaneBytes);
        var shift = LowBits * (step % stepsPerPlane);
        if (_bits == 8)
        {
            _assembler.Vmovups(codes, plane);
            return;
        }

        _assembler.Vpsrlw(codes, plane, (byte)shift);
        _assembler.Vpandd(codes, codes, CodeMask);
        if (_bits != 3)
            return;
        var highBits = new MemoryOperand(block, 2 * TileLayout.PlaneBytes); // bit `step` becomes bit 2
        if (step < 2)
            _assembler.Vpsllw(HighBit, highBits, (byte)(2 - step));
        else
            _assembler.Vpsrlw(HighBit, highBits, (byte)(step - 2));
        _assembler.Vpandd(HighBit, HighBit, HighBitMask);
        _assembler.Vpord(codes, codes, HighBit);
    }

    /// <summary><c>sums ← sums + (float)(Σ code·a + correction)·(weightScale·activationScale)</c>, for both tiles.</summary>
    private void MultiplyToken()
    {
        _assembler.Vpbroadcastd(Dot0, new MemoryOperand(Corrections));
        _assembler.Vmovaps(Dot1, Dot0);
        for (var step = 0; step < Steps; step++)
        {
            _assembler.Vpbroadcastd(FourActivations, new MemoryOperand(Activations, step * sizeof(int)));
            _assembler.Vpdpbusd(Dot0, CodesOf(tile: 0, step), FourActivations);
            _assembler.Vpdpbusd(Dot1, CodesOf(tile: 1, step), FourActivations);
        }

        _assembler.Vbroadcastss(Scale1, new MemoryOperand(ActivationScales));
        _assembler.Vmulps(Scale0, WeightScale0, Scale1);
        _assembler.Vmulps(Scale1, WeightScale1, Scale1);
        _assembler.Vcvtdq2ps(Dot0, Dot0);
        _assembler.Vcvtdq2ps(Dot1, Dot1);
        _assembler.Vfmadd213ps(Dot0, Scale0, new MemoryOperand(Sums0));
        _assembler.Vfmadd213ps(Dot1, Scale1, new MemoryOperand(Sums1));
        _assembler.Vmovups(new MemoryOperand(Sums0), Dot0);
        _assembler.Vmovups(new MemoryOperand(Sums1), Dot1);
    }

    private static Zmm CodesOf(int tile, int step) => new(16 + (tile * Steps) + step);

    private static MemoryOperand Field(string name) => new(Operands, (int)Marshal.OffsetOf<VnniPairOperands>(name));
}
