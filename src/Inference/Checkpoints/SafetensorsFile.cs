namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// A safetensors file, mapped read-only; files above 2 GB are fine. Opening reads the header alone, so it costs the same for
/// any size. Tensors are valid until the file is disposed.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(MappedFile mapping)
    {
        Mapping = mapping;
        _header = SafetensorsHeader.Read(mapping);
    }

    public string Path => Mapping.Path;

    /// <summary>Size of the file in bytes.</summary>
    public long Length => Mapping.Length;

    /// <summary>The free-form strings that the writer left in the header, such as "format": "pt".</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>All tensors of the file by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _header.Tensors;

    internal MappedFile Mapping { get; }

    /// <exception cref="UserErrorException">
    /// The file is not there, cannot be read, or is damaged: its header is malformed, or its tensors do not cover the rest of the
    /// file exactly (truncated, trailing bytes, overlap, hole). Values are not looked at; see
    /// <see cref="TensorReader.EnsureFinite"/> and <see cref="ChecksumFile"/>.
    /// </exception>
    public static SafetensorsFile Open(string path)
    {
        var mapping = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(mapping);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <param name="name">Name of the tensor, such as <c>model.norm.weight</c>.</param>
    /// <param name="expectedShape">The shape that it must have; none given: any shape will do.</param>
    /// <exception cref="UserErrorException">The file has no such tensor, or it has another shape.</exception>
    public Tensor GetTensor(string name, params ReadOnlySpan<int> expectedShape)
    {
        var expected = expectedShape.IsEmpty ? "a tensor" : $"a tensor of shape {TensorInfo.ShapeText(expectedShape)}";
        if (!Tensors.TryGetValue(name, out var info))
        {
            throw CheckpointError.At(
                CheckpointError.TensorPlace(Path, name), expected, "no tensor of this name", Checkpoint.MatchingFilesNextStep);
        }

        if (!expectedShape.IsEmpty)
            info.RequireShape(expectedShape);
        return new Tensor(info, Mapping);
    }

    public void Dispose() => Mapping.Dispose();
}
