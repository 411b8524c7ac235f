using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Whether the files have every tensor that the configuration implies, as it implies it. Reads headers, and values only where a tied model has a head of its
/// own: what would be refused when weights are loaded is known before.
/// </summary>
internal static class TensorCheck
{
    private const int ChunkBytes = 1 << 24;

    /// <summary>Of a checkpoint whose shards need not be all here, those that are.</summary>
    /// <exception cref="UserErrorException">A tensor is missing, has another shape or place, or a type that is no weight's.</exception>
    public static void Run(Checkpoint checkpoint)
    {
        foreach (var tensor in ModelTensors.Of(checkpoint.Config))
        {
            if (checkpoint.TryGetInfo(tensor.Name) is not { } info)
                continue;
            var format = checkpoint.FormatOf(tensor.Name);
            if (format.IsQuantized)
            {
                QuantizedMatrix.EnsureFits(info, new TileLayout(tensor.RowCount, tensor.ColumnCount, format));
            }
            else
            {
                info.RequireShape(tensor.Shape);
                info.RequireReadable();
            }

            if (checkpoint.Quantization is { } package)
                RequirePart(checkpoint.ShardOfTensor[tensor.Name], tensor, package);
        }

        if (checkpoint.Config.TieWordEmbeddings)
            RequireOneHead(checkpoint);
    }

    /// <summary>A device that has only the front's file must find the front's tensors in it.</summary>
    private static void RequirePart(Shard shard, ModelTensor tensor, OpscQuantization package)
    {
        var expected = package.IsFront(tensor) ? OpscPackage.FrontFileName : OpscPackage.BackFileName;
        if (shard.IndexedTensors.Count > 0 && shard.FileName != expected)
        {
            throw CheckpointError.At(
                CheckpointError.TensorPlace(shard.Path, tensor.Name), $"this tensor in {expected}, as {OpscQuantization.FieldName} splits after {package.SplitLayer} layers",
                $"it in {shard.FileName}", "Write the package again with `splitactors quantize`.");
        }
    }

    /// <summary>Files may hold a copy of the embedding as head. Another matrix there is one that either the configuration or the file gets wrong.</summary>
    private static void RequireOneHead(Checkpoint checkpoint)
    {
        if (Find(checkpoint, ModelTensors.Head) is not { } head || Find(checkpoint, ModelTensors.Embedding) is not { } embedding || AreEqual(head, embedding))
            return;
        throw CheckpointError.At(
            head.Info.Place, $"the values of {ModelTensors.Embedding}, as tie_word_embeddings is true", "others",
            $"Set tie_word_embeddings to false in {Checkpoint.ConfigFileName} to use this head, or remove the tensor.");
    }

    private static Tensor? Find(Checkpoint checkpoint, string name) =>
        checkpoint.ShardOfTensor.TryGetValue(name, out var shard) && File.Exists(shard.Path) && shard.TryGetInfo(name, out _) ? shard.Open().GetTensor(name) : null;

    private static bool AreEqual(Tensor a, Tensor b)
    {
        if (a.Info.TypeName != b.Info.TypeName || !a.Shape.AsSpan().SequenceEqual(b.Shape.AsSpan()))
            return false;
        for (long offset = 0; offset < a.ByteCount; offset += ChunkBytes)
        {
            var count = (int)Math.Min(ChunkBytes, a.ByteCount - offset);
            if (!a.Slice(offset, count).SequenceEqual(b.Slice(offset, count)))
                return false;
        }

        return true;
    }
}
