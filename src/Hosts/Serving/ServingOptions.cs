using SplitActors.Actors.Links;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Serving;

/// <summary>How a process computes, whatever it computes.</summary>
internal sealed record ServingOptions
{
    /// <summary>Threads that all actors of the process share.</summary>
    public required int ThreadCount { get; init; }

    /// <summary>How device and workers store keys and values.</summary>
    public required KvFormat KvFormat { get; init; }

    /// <summary>Quantizes the device's weights when they are loaded; null takes what the checkpoint has.</summary>
    public required WeightFormat? FrontFormat { get; init; }

    /// <summary>The same for the workers' weights.</summary>
    public required WeightFormat? BackFormat { get; init; }

    /// <summary>For sessions of which the plan says so.</summary>
    public HandoffServing Handoff { get; init; } = new();

    /// <summary>A device goes on alone, with all layers, when worker and scheduler are out of reach.</summary>
    public bool FallsBack { get; init; }

    /// <summary>How long it waits for each of them; null: the default.</summary>
    public TimeSpan? FallbackAfter { get; init; }

    /// <summary>How long a session waits for a scheduler or a worker that does not answer or cannot serve, before it fails; null: the default.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>What lies between device and cloud; null for nothing.</summary>
    public LinkProfile? Link { get; init; }

    /// <summary>What this machine takes; null: not measured.</summary>
    public ServingProfile? Profile { get; init; }

    /// <summary>D: longest time for a token after the first; null for none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Chooses the attempts that fail on the link.</summary>
    public ulong LinkSeed { get; init; }
}
