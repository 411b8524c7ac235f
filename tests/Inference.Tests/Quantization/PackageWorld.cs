using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Quantization;

/// <summary>Two small checkpoints, and a folder for the packages made of them.</summary>
internal sealed class PackageWorld : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("splitactors-package-").FullName;
    private int _packageCount;

    public CheckpointBuilder Untied { get; } = SyntheticModel.Build();

    public CheckpointBuilder Tied { get; } = SyntheticModel.Build(builder =>
    {
        builder.Config["tie_word_embeddings"] = true;
        builder.Tensors.RemoveAll(tensor => tensor.Name == ModelTensors.Head);
    });

    /// <summary>Of a package that is not there yet.</summary>
    public string NewPath() => Path.Combine(_folder, $"package-{_packageCount++}");

    /// <summary>What lies where the packages do.</summary>
    public IEnumerable<string> Entries => Directory.EnumerateFileSystemEntries(_folder);

    public Checkpoint Open(CheckpointBuilder files) => Checkpoint.Open(files.Folder);

    public Checkpoint OpenPackage(CheckpointBuilder files, OpscQuantization quantization)
    {
        using var source = Open(files);
        var path = NewPath();
        OpscPackage.Write(source, quantization, path);
        return Checkpoint.Open(path);
    }

    public static unsafe byte[] Bytes(QuantizedMatrix matrix)
    {
        var bytes = new ReadOnlySpan<byte>(matrix.Pointer, (int)matrix.Layout.ByteCount).ToArray();
        GC.KeepAlive(matrix); // else its memory may go while it is read
        return bytes;
    }

    public void Dispose()
    {
        Untied.Dispose();
        Tied.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
