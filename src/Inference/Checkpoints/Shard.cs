using System.Diagnostics.CodeAnalysis;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// One safetensors file of a checkpoint, opened when it is first needed: its header for names and shapes, and its data, which is verified
/// once: tensor by tensor where the index has checksums of tensors, or else the whole file for the first of them. Any thread may ask.
/// </summary>
/// <param name="path">Of the file.</param>
/// <param name="checksums">Of the folder; null to verify nothing.</param>
/// <param name="use">What of it is used.</param>
/// <param name="options">Of the checkpoint.</param>
internal sealed class Shard(string path, ChecksumFile? checksums, TensorUse use, CheckpointOpenOptions options) : IDisposable
{
    private const int ChunkBytes = 1 << 30; // a span ends below 2 GB

    private readonly Lock _gate = new();
    private readonly List<string> _indexedTensors = [];
    private readonly Dictionary<string, uint> _unverified = new(StringComparer.Ordinal); // CRC-32C of tensors, until they are verified
    private bool _hasTensorChecksums;
    private SafetensorsFile? _file;
    private bool _isFileVerified;
    private bool _isDisposed;

    public string Path { get; } = path;

    public string FileName => System.IO.Path.GetFileName(Path);

    /// <summary>Tensors that the index places in this file; empty when there is no index.</summary>
    public IReadOnlyList<string> IndexedTensors => _indexedTensors;

    /// <summary>The file is not here and not needed: the index places nothing in it that is used.</summary>
    public bool IsDispensable => !_indexedTensors.Exists(use.IsUsed) && !File.Exists(Path);

    /// <param name="tensor">That the index places in this file.</param>
    /// <param name="crc32C">Of its data; null to leave it unverified or to the file's SHA-256.</param>
    public void Expect(string tensor, uint? crc32C)
    {
        _indexedTensors.Add(tensor);
        if (crc32C is not { } checksum)
            return;
        _unverified.Add(tensor, checksum);
        _hasTensorChecksums = true;
    }

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

    /// <summary>What the header says of a tensor; false for one of the index that is not in the file, as it is not used.</summary>
    /// <exception cref="UserErrorException">As <see cref="Open"/>.</exception>
    public bool TryGetInfo(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        info = null;
        return !IsDispensable && Open().Tensors.TryGetValue(name, out info);
    }

    /// <summary>A tensor whose data has the listed checksum, if there is one.</summary>
    /// <exception cref="UserErrorException">As <see cref="Open"/>, or the tensor has another shape, or the checksum is another.</exception>
    public Tensor GetVerified(string name, ReadOnlySpan<int> expectedShape)
    {
        lock (_gate)
        {
            var file = Open();
            if (!_hasTensorChecksums && !_isFileVerified)
            {
                checksums?.Verify(file.Mapping, options.Progress);
                _isFileVerified = true;
            }

            var tensor = file.GetTensor(name, expectedShape);
            if (_unverified.TryGetValue(name, out var crc32C))
            {
                Verify(tensor, crc32C);
                _unverified.Remove(name);
            }

            return tensor;
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

    private static void Verify(Tensor tensor, uint expected)
    {
        var crc32C = 0u;
        for (long offset = 0; offset < tensor.ByteCount; offset += ChunkBytes)
            crc32C = Crc32C.Compute(tensor.Slice(offset, (int)Math.Min(ChunkBytes, tensor.ByteCount - offset)), crc32C);
        if (crc32C != expected)
        {
            throw CheckpointError.At(
                tensor.Info.Place, $"CRC-32C {ShardIndex.ToText(expected)} ({ShardIndex.FileName})", ShardIndex.ToText(crc32C),
                "The file is damaged: copy or download the file again.");
        }
    }

    private SafetensorsFile OpenIndexed()
    {
        var file = SafetensorsFile.Open(Path);
        try
        {
            use.Require(Path, file.Tensors.Keys, options.Warn); // a file may have more than the index says
            var missing = _indexedTensors.FindAll(tensor => !file.Tensors.ContainsKey(tensor));
            if (missing.Find(use.IsUsed) is { } needed)
                throw Missing(needed, Checkpoint.MatchingFilesNextStep);
            if (missing is [var unused, ..])
                options.Warn(Missing(unused, "It is not used.").Message);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }

        UserErrorException Missing(string tensor, string nextStep) => CheckpointError.At(
            CheckpointError.TensorPlace(Path, tensor), $"this tensor, as {ShardIndex.FileName} says", "no tensor of this name", nextStep);
    }
}
