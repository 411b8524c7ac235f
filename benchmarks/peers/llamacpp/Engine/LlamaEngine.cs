using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SplitActors.Peers.LlamaCpp.Engine;

/// <summary>One model and one sequence in llama.cpp, with its defaults but for the sizes: fp16 KV cache, weights repacked for the processor.</summary>
internal sealed unsafe class LlamaEngine : IDisposable
{
    private const int MicroBatchTokens = 512;

    private readonly int _vocabularySize;
    private nint _model;
    private nint _context;

    /// <param name="file">A GGUF file.</param>
    /// <param name="contextTokens">Most tokens of the sequence, and of one call.</param>
    /// <exception cref="InvalidOperationException">The library is not the expected version, or refuses the file; it has said why on standard error.</exception>
    public LlamaEngine(string file, int vocabularySize, int threadCount, int contextTokens)
    {
        _vocabularySize = vocabularySize;
        NativeMethods.SetLog(&WriteWarning, null);
        NativeMethods.LoadBackends(Installation.Folder);
        NativeMethods.InitializeBackend();
        var modelParameters = NativeMethods.DefaultModelParameters();
        var parameters = NativeMethods.DefaultContextParameters();
        if (!modelParameters.AreKnownDefaults || !parameters.AreKnownDefaults)
            throw new InvalidOperationException($"llama.cpp {Version} has other parameters than 0.5.0: compare include/llama.h with Parameters.cs.");

        _model = NativeMethods.LoadModel(file, modelParameters);
        if (_model == 0)
            throw new InvalidOperationException($"llama.cpp did not load {file}.");
        parameters.ContextTokens = parameters.BatchTokens = (uint)contextTokens;
        parameters.MicroBatchTokens = (uint)Math.Min(contextTokens, MicroBatchTokens);
        parameters.ThreadCount = parameters.BatchThreadCount = threadCount;
        _context = NativeMethods.CreateContext(_model, parameters);
        if (_context == 0)
            throw new InvalidOperationException($"llama.cpp made no context of {contextTokens} tokens for {file}.");
        if (NativeMethods.ThreadCount(_context) != threadCount || NativeMethods.BatchThreadCount(_context) != threadCount)
            throw new InvalidOperationException($"llama.cpp did not take {threadCount} threads.");
    }

    public static string Version => Marshal.PtrToStringUTF8(NativeMethods.Version()) ?? "";

    /// <summary>The kernels that llama.cpp chose for this processor, such as "zen4"; once an engine exists.</summary>
    public static string Kernels
    {
        get
        {
            const string prefix = "libggml-cpu-";
            using var process = Process.GetCurrentProcess();
            var files = process.Modules.Cast<ProcessModule>().Select(module => Path.GetFileNameWithoutExtension(module.ModuleName));
            return string.Join(", ", files.Where(file => file.StartsWith(prefix, StringComparison.Ordinal)).Select(file => file[prefix.Length..]).Distinct(StringComparer.Ordinal));
        }
    }

    /// <summary>Forgets the sequence.</summary>
    public void Clear() => NativeMethods.ClearMemory(NativeMethods.Memory(_context), data: 1);

    /// <summary>Runs the sequence's next tokens.</summary>
    /// <returns>Logits [V] of the last one, valid until the next call.</returns>
    public Span<float> Forward(ReadOnlySpan<int> tokens)
    {
        fixed (int* pointer = tokens)
        {
            var status = NativeMethods.Decode(_context, NativeMethods.BatchOf(pointer, tokens.Length));
            if (status != 0)
                throw new InvalidOperationException($"llama_decode ended with {status}.");
        }

        return new Span<float>(NativeMethods.Logits(_context, -1), _vocabularySize);
    }

    public void Dispose()
    {
        NativeMethods.FreeContext(_context);
        NativeMethods.FreeModel(_model);
        (_context, _model) = (0, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void WriteWarning(int level, byte* text, void* state)
    {
        const int warning = 3, error = 4;
        if (level is warning or error)
            Console.Error.Write(Marshal.PtrToStringUTF8((nint)text));
    }
}
