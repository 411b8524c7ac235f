using Iced.Intel;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Tests.Kernels.MachineCode;

namespace SplitActors.Inference.Tests.Kernels.Quantized;

/// <summary>What can be said of the code on any CPU; what it computes is in <see cref="TilePairProductTests"/>.</summary>
public sealed class VnniPairCodeTests
{
    /// <summary>Those that a function need not save under the System V calling convention.</summary>
    private static readonly Register[] Changeable =
    [
        Register.RAX, Register.RCX, Register.RDX, Register.RSI, Register.RDI, Register.R8, Register.R9, Register.R10, Register.R11,
    ];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void Assemble_IsAFunctionOfTwoLoops(int bits)
    {
        var instructions = Disassembly.Of(VnniPairCode.Assemble(bits));
        var starts = instructions.Select(instruction => instruction.IP).ToHashSet();

        Assert.DoesNotContain(instructions, instruction => instruction.IsInvalid);
        Assert.Equal(Mnemonic.Ret, instructions[^1].Mnemonic);
        Assert.Equal(Mnemonic.Vzeroupper, instructions[^2].Mnemonic);
        var jumps = instructions.Where(instruction => instruction.FlowControl == FlowControl.ConditionalBranch).ToList();
        Assert.Equal(2, jumps.Count);
        Assert.All(jumps, jump => Assert.Contains(jump.NearBranchTarget, starts));
        Assert.True(jumps[0].NearBranchTarget > jumps[1].NearBranchTarget); // tokens within blocks
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void Assemble_WritesOnlyWhatItMay(int bits)
    {
        var information = new InstructionInfoFactory();
        var stores = new List<Mnemonic>();
        foreach (var instruction in Disassembly.Of(VnniPairCode.Assemble(bits)).SkipLast(1)) // the return moves the stack pointer
        {
            var info = information.GetInfo(instruction);
            var written = info.GetUsedRegisters().Where(used => used.Access is OpAccess.Write or OpAccess.ReadWrite).Select(used => used.Register);
            Assert.All(written, register => Assert.True(register.IsZMM() || Changeable.Contains(register.GetFullRegister()), $"{instruction}"));
            if (info.GetUsedMemory().Any(used => used.Access is OpAccess.Write or OpAccess.ReadWrite))
                stores.Add(instruction.Mnemonic);
        }

        Assert.Equal([Mnemonic.Mov, Mnemonic.Vmovups, Mnemonic.Vmovups], stores); // the scales' offset and two sums
    }
}
