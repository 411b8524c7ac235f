using System.Runtime.Intrinsics;
using SplitActors.KernelDigest;

// splitactors-kernel-digest <model folder>: prints the digest and what the vectors of this process run on.
if (args is not [var modelFolder])
{
    await Console.Error.WriteLineAsync("usage: SplitActors.KernelDigest <model folder>");
    return 2;
}

Console.WriteLine(Digest.Compute(modelFolder));
Console.WriteLine(
    $"Vector512={Vector512.IsHardwareAccelerated} Vector256={Vector256.IsHardwareAccelerated} Vector128={Vector128.IsHardwareAccelerated}");
return 0;
