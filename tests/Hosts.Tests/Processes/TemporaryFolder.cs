namespace SplitActors.Hosts.Tests.Processes;

/// <summary>An empty folder that is removed when disposed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("splitactors-hosts-").FullName;

    public string PathTo(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a file, and the folders above it.</summary>
    public TemporaryFolder Write(string file, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(PathTo(file))!);
        File.WriteAllText(PathTo(file), content);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
