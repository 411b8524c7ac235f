using SplitActors.Inference.Models;

namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>Which keys and values a frame carries: those of some layers at neighbouring positions.</summary>
/// <param name="Layers">Counted in the model, so that sender and receiver may hold different segments of it.</param>
/// <param name="FirstPosition">Position of the first token.</param>
/// <param name="PositionCount">Tokens, 1 to <see cref="FrameLimits.RowsMax"/>.</param>
public readonly record struct KvRange(LayerRange Layers, int FirstPosition, int PositionCount);
