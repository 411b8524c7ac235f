using Iced.Intel;

namespace SplitActors.Inference.Tests.Kernels.MachineCode;

internal static class Disassembly
{
    /// <summary>All instructions of x64 code at address 0.</summary>
    public static IReadOnlyList<Instruction> Of(byte[] code)
    {
        var decoder = Decoder.Create(bitness: 64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length)
            instructions.Add(decoder.Decode());
        return instructions;
    }
}
