using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Models;

/// <summary>Neighbouring tokens of one sequence within a batch: <see cref="Count"/> rows for positions <see cref="Position"/> and on.</summary>
public readonly record struct SequenceRows(KvCache Cache, int Position, int Count);
