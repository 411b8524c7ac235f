using System.Runtime.InteropServices;

namespace SplitActors.Peers.LlamaCpp.Engine;

/// <summary>What is used of llama.cpp's C interface, version 0.5.0 [include/llama.h, ggml/include/ggml-backend.h].</summary>
internal static unsafe partial class NativeMethods
{
    public const string Llama = "llama";
    public const string Ggml = "ggml";

    /// <summary>Log levels 3 and 4 are warnings and errors; 5 continues the line before.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_log_set")]
    public static partial void SetLog(delegate* unmanaged[Cdecl]<int, byte*, void*, void> write, void* state);

    /// <summary>Loads the best of the folder's libggml-cpu-*.so for this processor.</summary>
    [LibraryImport(Ggml, EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void LoadBackends(string folder);

    [LibraryImport(Llama, EntryPoint = "llama_backend_init")]
    public static partial void InitializeBackend();

    [LibraryImport(Llama, EntryPoint = "llama_version")]
    public static partial nint Version();

    [LibraryImport(Llama, EntryPoint = "llama_model_default_params")]
    public static partial ModelParameters DefaultModelParameters();

    [LibraryImport(Llama, EntryPoint = "llama_context_default_params")]
    public static partial ContextParameters DefaultContextParameters();

    [LibraryImport(Llama, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint LoadModel(string file, ModelParameters parameters);

    [LibraryImport(Llama, EntryPoint = "llama_model_free")]
    public static partial void FreeModel(nint model);

    [LibraryImport(Llama, EntryPoint = "llama_init_from_model")]
    public static partial nint CreateContext(nint model, ContextParameters parameters);

    [LibraryImport(Llama, EntryPoint = "llama_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_n_threads")]
    public static partial int ThreadCount(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_n_threads_batch")]
    public static partial int BatchThreadCount(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_get_memory")]
    public static partial nint Memory(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_memory_clear")]
    public static partial void ClearMemory(nint memory, byte data);

    /// <summary>A batch of the next tokens of sequence 0; logits of the last one only.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_batch_get_one")]
    public static partial Batch BatchOf(int* tokens, int count);

    /// <returns>0 if it went well.</returns>
    [LibraryImport(Llama, EntryPoint = "llama_decode")]
    public static partial int Decode(nint context, Batch batch);

    /// <summary>Logits [V] of an output; −1 is the last one. Waits until they are there.</summary>
    [LibraryImport(Llama, EntryPoint = "llama_get_logits_ith")]
    public static partial float* Logits(nint context, int output);
}
