using System.Buffers.Binary;

namespace SplitActors.Inference.Kernels.MachineCode;

/// <summary>A general register of x64 that a function may change under the System V calling convention; the number is the encoding's.</summary>
internal enum Register
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}

/// <summary>One of the 32 registers of AVX-512.</summary>
/// <param name="Number">0 … 31</param>
internal readonly record struct Zmm(int Number);

/// <summary>Bytes at an address.</summary>
/// <param name="Base">Added to <paramref name="Offset"/>.</param>
/// <param name="Offset">Bytes.</param>
internal readonly record struct MemoryOperand(Register Base, int Offset = 0);

/// <summary>
/// Writes x64 machine code: the few instructions of loops over AVX-512 registers, for those that .NET has no intrinsic for. Encodings are those of the
/// "Intel 64 and IA-32 Architectures Software Developer's Manual", volume 2, sections 2.2 (legacy and REX) and 2.7 (EVEX). Offsets always take
/// four bytes.
/// </summary>
internal sealed class Assembler512
{
    private readonly List<byte> _code = [];

    private enum OpcodeMap
    {
        M0F = 1,
        M0F38 = 2,
    }

    private enum SimdPrefix
    {
        None = 0,
        P66 = 1,
    }

    public byte[] ToArray() => [.. _code];

    /// <summary>Here, for a jump back.</summary>
    public int Label() => _code.Count;

    /// <summary>64 bytes.</summary>
    public void Vmovups(Zmm destination, MemoryOperand source) => Evex(OpcodeMap.M0F, SimdPrefix.None, 0x10, destination, default, source);

    /// <summary>64 bytes.</summary>
    public void Vmovups(MemoryOperand destination, Zmm source) => Evex(OpcodeMap.M0F, SimdPrefix.None, 0x11, source, default, destination);

    /// <summary>All bits.</summary>
    public void Vmovaps(Zmm destination, Zmm source) => Evex(OpcodeMap.M0F, SimdPrefix.None, 0x28, destination, default, source);

    /// <summary>One int32 to all 16 lanes.</summary>
    public void Vpbroadcastd(Zmm destination, MemoryOperand source) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0x58, destination, default, source);

    /// <summary>One float to all 16 lanes.</summary>
    public void Vbroadcastss(Zmm destination, MemoryOperand source) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0x18, destination, default, source);

    /// <summary>The number to all 16 lanes.</summary>
    public void Vpbroadcastd(Zmm destination, Register source) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0x7C, destination, default, new Zmm((int)source));

    /// <summary>16 int16 to int32.</summary>
    public void Vpmovsxwd(Zmm destination, MemoryOperand source) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0x23, destination, default, source);

    public void Vpandd(Zmm destination, Zmm left, MemoryOperand right) => Evex(OpcodeMap.M0F, SimdPrefix.P66, 0xDB, destination, left, right);

    public void Vpandd(Zmm destination, Zmm left, Zmm right) => Evex(OpcodeMap.M0F, SimdPrefix.P66, 0xDB, destination, left, right);

    public void Vpord(Zmm destination, Zmm left, Zmm right) => Evex(OpcodeMap.M0F, SimdPrefix.P66, 0xEB, destination, left, right);

    /// <summary>int16 lanes to the left.</summary>
    public void Vpsllw(Zmm destination, MemoryOperand source, byte count) => ShiftWords(extension: 6, destination, source, count);

    /// <summary>int16 lanes to the right, without sign.</summary>
    public void Vpsrlw(Zmm destination, MemoryOperand source, byte count) => ShiftWords(extension: 2, destination, source, count);

    /// <summary>int32 lanes to the left.</summary>
    public void Vpslld(Zmm destination, Zmm source, byte count)
    {
        Evex(OpcodeMap.M0F, SimdPrefix.P66, 0x72, register: new Zmm(6), destination, source); // an extension of the opcode stands for the register
        _code.Add(count);
    }

    /// <summary>In each int32 lane: adds the four products of unsigned by signed bytes, in full. AVX-512 VNNI.</summary>
    public void Vpdpbusd(Zmm sums, Zmm unsignedBytes, Zmm signedBytes) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0x50, sums, unsignedBytes, signedBytes);

    /// <summary>int32 to float, rounded to nearest even.</summary>
    public void Vcvtdq2ps(Zmm destination, Zmm source) => Evex(OpcodeMap.M0F, SimdPrefix.None, 0x5B, destination, default, source);

    public void Vmulps(Zmm destination, Zmm left, Zmm right) => Evex(OpcodeMap.M0F, SimdPrefix.None, 0x59, destination, left, right);

    /// <summary>left ← factor·left + addend, rounded once.</summary>
    public void Vfmadd213ps(Zmm left, Zmm factor, MemoryOperand addend) => Evex(OpcodeMap.M0F38, SimdPrefix.P66, 0xA8, left, factor, addend);

    /// <summary>Before code that knows nothing of the upper halves.</summary>
    public void Vzeroupper() => _code.AddRange([0xC5, 0xF8, 0x77]);

    public void Mov(Register destination, MemoryOperand source) => Rex(0x8B, (int)destination, source);

    public void Mov(MemoryOperand destination, Register source) => Rex(0x89, (int)source, destination);

    /// <summary>The lower 32 bits; the upper ones become copies of the sign.</summary>
    public void Mov(Register destination, int value)
    {
        Rex(0xC7, extension: 0, destination);
        Int32(value);
    }

    public void Add(Register destination, int value)
    {
        Rex(0x81, extension: 0, destination);
        Int32(value);
    }

    public void Add(Register destination, MemoryOperand value) => Rex(0x03, (int)destination, value);

    public void And(Register destination, int mask)
    {
        Rex(0x81, extension: 4, destination);
        Int32(mask);
    }

    public void Dec(Register register) => Rex(0xFF, extension: 1, register);

    public void Cmp(Register left, MemoryOperand right) => Rex(0x3B, (int)left, right);

    /// <summary>Back to a label, unless the last result was zero or the last two compared values were equal.</summary>
    public void Jnz(int label)
    {
        _code.AddRange([0x0F, 0x85]);
        Int32(label - (_code.Count + sizeof(int)));
    }

    /// <summary>Asks for a line, into the second cache.</summary>
    public void Prefetcht1(MemoryOperand line)
    {
        RexPrefix(register: 0, (int)line.Base);
        _code.AddRange([0x0F, 0x18]);
        Address(2, line);
    }

    public void Ret() => _code.Add(0xC3);

    /// <param name="map">Of the opcode.</param>
    /// <param name="prefix">Of the opcode.</param>
    /// <param name="opcode">Of an instruction on 512 bits with W = 0.</param>
    /// <param name="register">ModRM.reg</param>
    /// <param name="second">EVEX.vvvv; register 0 where there is none, which the encoding wants.</param>
    /// <param name="last">ModRM.rm</param>
    private void Evex(OpcodeMap map, SimdPrefix prefix, byte opcode, Zmm register, Zmm second, Zmm last)
    {
        EvexPrefix(map, prefix, register, second, b: Bit(last.Number, 3), x: Bit(last.Number, 4));
        _code.Add(opcode);
        ModRm(mode: 3, register.Number, last.Number);
    }

    private void Evex(OpcodeMap map, SimdPrefix prefix, byte opcode, Zmm register, Zmm second, MemoryOperand last)
    {
        EvexPrefix(map, prefix, register, second, b: Bit((int)last.Base, 3), x: 0);
        _code.Add(opcode);
        Address(register.Number, last);
    }

    private void ShiftWords(int extension, Zmm destination, MemoryOperand source, byte count)
    {
        Evex(OpcodeMap.M0F, SimdPrefix.P66, 0x71, register: new Zmm(extension), destination, source);
        _code.Add(count);
    }

    /// <summary>Bits of register numbers stand inverted.</summary>
    private void EvexPrefix(OpcodeMap map, SimdPrefix prefix, Zmm register, Zmm second, int b, int x)
    {
        const int length512 = 0b10 << 5;
        var inverted = (Bit(register.Number, 3) << 7) | (x << 6) | (b << 5) | (Bit(register.Number, 4) << 4);
        _code.Add(0x62);
        _code.Add((byte)((inverted ^ 0xF0) | (int)map));
        _code.Add((byte)(((~second.Number & 0xF) << 3) | 0b100 | (int)prefix));
        _code.Add((byte)(length512 | ((Bit(second.Number, 4) ^ 1) << 3)));
    }

    private void Rex(byte opcode, int register, MemoryOperand memory)
    {
        RexPrefix(register, (int)memory.Base);
        _code.Add(opcode);
        Address(register, memory);
    }

    private void Rex(byte opcode, int extension, Register register)
    {
        RexPrefix(extension, (int)register);
        _code.Add(opcode);
        ModRm(mode: 3, extension, (int)register);
    }

    private void RexPrefix(int register, int last) => _code.Add((byte)(0x48 | (Bit(register, 3) << 2) | Bit(last, 3)));

    private void Address(int register, MemoryOperand memory)
    {
        ModRm(mode: 2, register, (int)memory.Base); // base and four bytes of offset
        Int32(memory.Offset);
    }

    private void ModRm(int mode, int register, int last) => _code.Add((byte)((mode << 6) | ((register & 7) << 3) | (last & 7)));

    private void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }

    private static int Bit(int value, int index) => (value >> index) & 1;
}
