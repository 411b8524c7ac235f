using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Links;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Selection;

/// <summary>What is to be decided, and under which limits [2511.04002, eq. 8, and the deadline of eq. 11 for one token].</summary>
public sealed record PlanningProblem
{
    public required ModelConfig Config { get; init; }

    /// <summary>What the device holds, and W̄.</summary>
    public required DeviceLoad DeviceLoad { get; init; }

    public required MachineProfile Device { get; init; }

    /// <summary>Null if there is none: the device alone can serve.</summary>
    public required WorkerSituation? Worker { get; init; }

    /// <summary>The worker's first layer: fewer layers on the device leave a gap.</summary>
    public int SplitLayerMin { get; init; }

    /// <summary>From the device to the worker.</summary>
    public required ILinkModel Uplink { get; init; }

    public required ILinkModel Downlink { get; init; }

    public required TokenTraffic Traffic { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Candidates for Q^w₁.</summary>
    public required IReadOnlyList<WeightFormat> FrontWeights { get; init; }

    /// <summary>Candidates for Q^a₁.</summary>
    public required IReadOnlyList<KvFormat> FrontKv { get; init; }

    /// <summary>Candidates for Q^w₂ of a device that holds the whole model; else the back is the worker's, in its format.</summary>
    public IReadOnlyList<WeightFormat> BackWeights { get; init; } = [];

    /// <summary>Candidates for Q^a₂; likewise.</summary>
    public IReadOnlyList<KvFormat> BackKv { get; init; } = [];

    /// <summary>M: bytes that the device's process may take.</summary>
    public required long MemoryBytesMax { get; init; }

    /// <summary>A_Δ as the largest relative rise of perplexity: 0.01 for 1 %.</summary>
    public double PerplexityRiseMax { get; init; } = double.PositiveInfinity;

    /// <summary>Most seconds of any decoded token, but for the links' outage target in each direction.</summary>
    public double DeadlineSeconds { get; init; } = double.PositiveInfinity;

    /// <exception cref="UserErrorException">A limit or size cannot be kept by anything, or there is nothing to choose from.</exception>
    internal void Validate()
    {
        Require(DeviceLoad.TokenCountMax > 0, "tokens", "at least 1", DeviceLoad.TokenCountMax);
        Require(PromptTokens > 0 && PromptTokens <= DeviceLoad.TokenCountMax, "prompt tokens", $"1 to {DeviceLoad.TokenCountMax}", PromptTokens);
        Require(DeadlineSeconds > 0, "deadline", "above 0 seconds", DeadlineSeconds);
        Require(PerplexityRiseMax >= 0, "rise of perplexity", "at least 0", PerplexityRiseMax);
        Require(FrontWeights.Count > 0 && FrontKv.Count > 0, "front formats", "at least one of weights and one of keys and values", "none");
        Require(Traffic.HiddenStateBytes.Count == Config.LayerCount - 1, "hidden states", $"the sizes of {Config.LayerCount - 1} splits", Traffic.HiddenStateBytes.Count);
        var needsBack = DeviceLoad.Share == DeviceShare.WholeModel;
        Require(!needsBack || (BackWeights.Count > 0 && BackKv.Count > 0), "back formats", "at least one of weights and one of keys and values", "none");
    }

    private static void Require<T>(bool holds, string place, string expected, T found)
    {
        if (!holds)
            throw new UserErrorException(UserErrorKind.Options, $"Planning, {place}", expected, $"{found}", "Correct what the plan is asked for.");
    }
}

/// <summary>The worker that the session would run on.</summary>
/// <param name="Profile">Of the machine.</param>
/// <param name="Weights">Format of its weights.</param>
/// <param name="Kv">Format of its keys and values.</param>
/// <param name="BatchSize">Sequences that it decodes together, with this one.</param>
/// <param name="QueueSeconds">What a token waits for its turn.</param>
public sealed record WorkerSituation(MachineProfile Profile, WeightFormat Weights, KvFormat Kv, int BatchSize = 1, double QueueSeconds = 0);

/// <summary>Bytes that cross the link.</summary>
/// <param name="HiddenStateBytes">[L − 1] A token's compressed hidden state after each layer but the last, headers included.</param>
/// <param name="TokenIdBytes">A token, in either direction, headers included.</param>
public sealed record TokenTraffic(IReadOnlyList<long> HiddenStateBytes, long TokenIdBytes)
{
    /// <summary>Bytes from the device to the worker for each decoded token.</summary>
    /// <param name="splitLayer">ℓ, 0 to L.</param>
    public long UplinkBytes(int splitLayer) =>
        splitLayer == 0 ? TokenIdBytes : splitLayer <= HiddenStateBytes.Count ? HiddenStateBytes[splitLayer - 1] : 0;
}
