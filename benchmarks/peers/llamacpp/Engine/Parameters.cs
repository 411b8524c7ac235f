using System.Runtime.InteropServices;

namespace SplitActors.Peers.LlamaCpp.Engine;

/// <summary><c>llama_batch</c></summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Batch
{
    public int TokenCount;
    public nint Tokens;
    public nint Embeddings;
    public nint Positions;
    public nint SequenceCounts;
    public nint SequenceIds;
    public nint Outputs;
}

/// <summary><c>llama_model_params</c>: passed back as it came.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModelParameters
{
    public nint Devices;
    public nint BufferTypeOverrides;
    public int GpuLayerCount;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    public nint TensorSplit;
    public nint Progress;
    public nint ProgressState;
    public nint KeyOverrides;
    public byte VocabularyOnly;
    public byte ChecksTensors;
    public byte RepacksWeights;
    public byte AvoidsHostBuffer;
    public byte AllocatesNothing;
    public byte LoadsMtp;

    /// <summary>Whether the values look like the defaults of the version that this layout is for.</summary>
    public readonly bool AreKnownDefaults =>
        (GpuLayerCount, SplitMode, LoadMode, LazyMode, MainGpu) == (-1, 1, -1, 1, 0)
        && (VocabularyOnly, ChecksTensors, RepacksWeights, AvoidsHostBuffer, AllocatesNothing, LoadsMtp) == (0, 0, 1, 0, 0, 0);
}

/// <summary><c>llama_context_params</c></summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ContextParameters
{
    public const int Float16 = 1;

    public uint ContextTokens;
    public uint BatchTokens;
    public uint MicroBatchTokens;
    public uint SequenceCountMax;
    public uint RecurrentSnapshots;
    public uint OutputsMax;
    public uint OutputsPerSequenceMax;
    public int ThreadCount;
    public int BatchThreadCount;
    public int ContextType;
    public int RopeScaling;
    public int Pooling;
    public int Attention;
    public int FlashAttention;
    public float RopeFrequencyBase;
    public float RopeFrequencyScale;
    public float YarnExtrapolation;
    public float YarnAttention;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginalContext;
    public float DefragmentationThreshold;
    public nint Evaluated;
    public nint EvaluatedState;
    public int KeyType;
    public int ValueType;
    public nint Abort;
    public nint AbortState;
    public byte GivesEmbeddings;
    public byte OffloadsAttention;
    public byte MeasuresNothing;
    public byte OffloadsOperations;
    public byte KeepsFullWindow;
    public byte UnifiesCache;
    public nint Samplers;
    public nuint SamplerCount;
    public nint Other;

    /// <summary>Whether the values look like the defaults of the version that this layout is for: fields in the front, the middle and the back.</summary>
    public readonly bool AreKnownDefaults =>
        (ContextTokens, BatchTokens, MicroBatchTokens, SequenceCountMax) == (512u, 2048u, 512u, 1u)
        && (OutputsPerSequenceMax, ThreadCount, BatchThreadCount) == (1u, 4, 4)
        && (YarnExtrapolation, DefragmentationThreshold) == (-1f, -1f)
        && (KeyType, ValueType) == (Float16, Float16)
        && (GivesEmbeddings, OffloadsAttention, MeasuresNothing, OffloadsOperations, KeepsFullWindow, UnifiesCache) == (0, 1, 1, 1, 1, 0);
}
