using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Peers.LlamaCpp.Engine;

/// <summary>The shared libraries of llama.cpp that the npm package brings.</summary>
internal static partial class Installation
{
    public const string Install = "npm ci --prefix benchmarks/peers/llamacpp";

    public static string Folder { get; } =
        Repository.PathTo("benchmarks", "peers", "llamacpp", "node_modules", "@node-llama-cpp", "linux-x64", "bins", "linux-x64");

    /// <exception cref="UserErrorException">The package is not installed, or there is none for this machine.</exception>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new UserErrorException(
                UserErrorKind.Options, "llama.cpp", "Linux on x64", RuntimeInformation.RuntimeIdentifier, "Run this comparison there; --only splitactors works anywhere.");
        }

        if (!Directory.Exists(Folder))
            throw new UserErrorException(UserErrorKind.Options, Folder, "the prebuilt llama.cpp", "no such folder", $"Run `{Install}` in the root of the repository.");
    }

    /// <summary>Loads "llama" or "ggml" wherever <see cref="NativeMethods"/> names it; their files carry a version, as in libllama.v0.5.0.so.</summary>
    public static void ResolveLibraries() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, (name, _, _) => name is NativeMethods.Llama or NativeMethods.Ggml ? NativeLibrary.Load(FindLibrary(name)) : 0);

    private static string FindLibrary(string name)
    {
        var files = Directory.GetFiles(Folder, $"lib{name}*.so").Where(file => LibraryName().Match(Path.GetFileName(file)).Groups["name"].Value == name).ToArray();
        return files is [var file]
            ? file
            : throw new UserErrorException(
                UserErrorKind.Options, Folder, $"one lib{name}.so, with or without a version", $"{files.Length}", $"Run `{Install}` in the root of the repository.");
    }

    [GeneratedRegex(@"^lib(?<name>\w+)(\.v[\d.]+)?\.so$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LibraryName();
}
