using Iced.Intel;
using SplitActors.Inference.Kernels.MachineCode;
using static SplitActors.Inference.Kernels.MachineCode.Register;
using MemoryOperand = SplitActors.Inference.Kernels.MachineCode.MemoryOperand;
using Register = SplitActors.Inference.Kernels.MachineCode.Register;

namespace SplitActors.Inference.Tests.Kernels.MachineCode;

/// <summary>Another disassembler reads the instructions that were meant.</summary>
public sealed class Assembler512Tests
{
    private static readonly Register[] Registers = Enum.GetValues<Register>();

    /// <summary>One of each: both halves of the registers' numbers, four and five bits long.</summary>
    private static readonly Zmm[] Zmms = [new(0), new(7), new(8), new(15), new(16), new(23), new(24), new(31)];

    [Fact]
    public void VectorInstructions_OfRegisters()
    {
        foreach (var a in Zmms)
        {
            foreach (var b in Zmms)
            {
                Expect(asm => asm.Vmovaps(a, b), $"vmovaps {Name(a)},{Name(b)}");
                Expect(asm => asm.Vcvtdq2ps(a, b), $"vcvtdq2ps {Name(a)},{Name(b)}");
                Expect(asm => asm.Vpslld(a, b, 13), $"vpslld {Name(a)},{Name(b)},0Dh");
                foreach (var c in Zmms)
                {
                    Expect(asm => asm.Vpdpbusd(a, b, c), $"vpdpbusd {Name(a)},{Name(b)},{Name(c)}");
                    Expect(asm => asm.Vmulps(a, b, c), $"vmulps {Name(a)},{Name(b)},{Name(c)}");
                    Expect(asm => asm.Vpandd(a, b, c), $"vpandd {Name(a)},{Name(b)},{Name(c)}");
                    Expect(asm => asm.Vpord(a, b, c), $"vpord {Name(a)},{Name(b)},{Name(c)}");
                }
            }
        }
    }

    [Fact]
    public void VectorInstructions_OfMemory()
    {
        foreach (var a in Zmms)
        {
            foreach (var from in Registers)
            {
                var (near, far) = (new MemoryOperand(from, 8), new MemoryOperand(from, 0x12345));
                Expect(asm => asm.Vmovups(a, near), $"vmovups {Name(a)},[{Name(from)}+8]");
                Expect(asm => asm.Vmovups(far, a), $"vmovups [{Name(from)}+12345h],{Name(a)}");
                Expect(asm => asm.Vpbroadcastd(a, near), $"vpbroadcastd {Name(a)},dword ptr [{Name(from)}+8]");
                Expect(asm => asm.Vpbroadcastd(a, from), $"vpbroadcastd {Name(a)},{Name32(from)}");
                Expect(asm => asm.Vbroadcastss(a, near), $"vbroadcastss {Name(a)},dword ptr [{Name(from)}+8]");
                Expect(asm => asm.Vpmovsxwd(a, near), $"vpmovsxwd {Name(a)},ymmword ptr [{Name(from)}+8]");
                Expect(asm => asm.Vpsllw(a, near, 2), $"vpsllw {Name(a)},[{Name(from)}+8],2");
                Expect(asm => asm.Vpsrlw(a, near, 4), $"vpsrlw {Name(a)},[{Name(from)}+8],4");
                foreach (var b in Zmms)
                    Expect(asm => asm.Vfmadd213ps(a, b, far), $"vfmadd213ps {Name(a)},{Name(b)},[{Name(from)}+12345h]");
            }
        }
    }

    [Fact]
    public void GeneralInstructions()
    {
        foreach (var a in Registers)
        {
            Expect(asm => asm.Mov(a, -2), $"mov {Name(a)},0FFFFFFFFFFFFFFFEh");
            Expect(asm => asm.Add(a, 0x1234567), $"add {Name(a)},1234567h");
            Expect(asm => asm.And(a, -32), $"and {Name(a)},0FFFFFFFFFFFFFFE0h");
            Expect(asm => asm.Dec(a), $"dec {Name(a)}");
            Expect(asm => asm.Prefetcht1(new MemoryOperand(a, 9216)), $"prefetcht1 [{Name(a)}+2400h]");
            foreach (var b in Registers)
            {
                var memory = new MemoryOperand(b, 16);
                Expect(asm => asm.Mov(a, memory), $"mov {Name(a)},[{Name(b)}+10h]");
                Expect(asm => asm.Mov(memory, a), $"mov [{Name(b)}+10h],{Name(a)}");
                Expect(asm => asm.Add(a, memory), $"add {Name(a)},[{Name(b)}+10h]");
                Expect(asm => asm.Cmp(a, memory), $"cmp {Name(a)},[{Name(b)}+10h]");
            }
        }

        Expect(asm => asm.Vzeroupper(), "vzeroupper");
        Expect(asm => asm.Ret(), "ret");
    }

    [Fact]
    public void Jump_GoesBackToItsLabel()
    {
        var assembler = new Assembler512();
        assembler.Dec(Rax);
        var label = assembler.Label();
        assembler.Dec(Rcx);
        assembler.Jnz(label);

        var jump = Disassembly.Of(assembler.ToArray())[^1];
        Assert.Equal(Mnemonic.Jne, jump.Mnemonic);
        Assert.Equal((ulong)label, jump.NearBranchTarget);
    }

    private static void Expect(Action<Assembler512> write, string expected)
    {
        var assembler = new Assembler512();
        write(assembler);
        Assert.Equal(expected, Assert.Single(Disassembly.Of(assembler.ToArray())).ToString());
    }

    private static string Name(Zmm register) => $"zmm{register.Number}";

    private static string Name(Register register) => register.ToString().ToLowerInvariant();

    private static string Name32(Register register) => register < R8 ? $"e{Name(register)[1..]}" : $"{Name(register)}d";
}
