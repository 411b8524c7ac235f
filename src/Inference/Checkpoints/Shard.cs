namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// One safetensors file of a checkpoint, opened when it is first needed: its header for names and shapes, and its data, verified
/// once, for the first tensor. Any thread may ask.
/// </summary>
internal sealed class Shard(string path, ChecksumFile? checksums, IProgress<ChecksumProgress>? progress) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<string> _indexedTensors = [];
    private SafetensorsFile? _file;
    private bool _isVerified;
    private bool _isDisposed;

    public string Path { get; } = path;

    public string FileName => System.IO.Path.GetFileName(Path);

    /// <summary>Tensors that the index places in this file; empty when there is no index.</summary>
    public IReadOnlyList<string> IndexedTensors => _indexedTensors;

    public void Expect(string tensor) => _indexedTensors.Add(tensor);

    /// <summary>The mapped file with its header checked, whose data is not yet verified.</summary>
    /// <exception cref="UserErrorException">The file is missing or damaged, or lacks a tensor that the index places in it.</exception>
    public SafetensorsFile Open()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _file ??= OpenIndexed();
        }
    }

    /// <summary>As <see cref="Open"/>, with the whole file's SHA-256 compared, if it is listed.</summary>
    /// <exception cref="UserErrorException">As <see cref="Open"/>, or the SHA-256 is another.</exception>
    public SafetensorsFile OpenVerified()
    {
        lock (_gate)
        {
            var file = Open();
            if (!_isVerified)
            {
                checksums?.Verify(file.Mapping, progress);
                _isVerified = true;
            }

            return file;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _file?.Dispose();
        }
    }

    private SafetensorsFile OpenIndexed()
    {
        var file = SafetensorsFile.Open(Path);
        if (_indexedTensors.Find(tensor => !file.Tensors.ContainsKey(tensor)) is not { } missing)
            return file;

        file.Dispose();
        throw CheckpointError.At(
            CheckpointError.TensorPlace(Path, missing), $"this tensor, as {ShardIndex.FileName} says", "no tensor of this name",
            Checkpoint.MatchingFilesNextStep);
    }
}
