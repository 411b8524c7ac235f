namespace SplitActors.Inference.Checkpoints;

/// <summary>How <see cref="Checkpoint.Open"/> treats the folder.</summary>
public sealed record CheckpointOpenOptions
{
    /// <summary>
    /// Compare the SHA-256 of each file that the folder's <c>SHA256SUMS</c> lists: small files when they are read, a safetensors
    /// file before the first tensor of it is handed out. Of an OPSC package, whose index has a CRC-32C of each tensor, that is compared instead when
    /// the tensor is first asked for: it costs little more than reading the pages.
    /// </summary>
    public bool VerifyChecksums { get; init; } = true;

    /// <summary>
    /// Off for a folder that holds only the shards of one segment; a missing shard is then an error only when a tensor of it
    /// is asked for.
    /// </summary>
    public bool RequireAllShards { get; init; } = true;

    /// <summary>Told, in a sentence each, of what is wrong in the files and does no harm, when it is noticed; from any thread.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>Told of hashing progress, every few megabytes, on the thread that opens the file.</summary>
    public IProgress<ChecksumProgress>? Progress { get; init; }
}
