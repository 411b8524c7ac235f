using SplitActors.Hosts.Files;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Files;

/// <summary>A file is there as a whole or not at all.</summary>
public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Place => _folder.PathTo("file");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_OverWhatAKilledRunLeft_LeavesTheFileAlone()
    {
        _folder.Write("file", "old").Write("file.unfinished", "half of something longer");

        OutputFile.Write(Place, "new"u8);

        Assert.Equal("new", File.ReadAllText(Place));
        Assert.Equal(Place, Assert.Single(Directory.GetFiles(_folder.Path)));
    }

    [Fact]
    public void Write_Fails_KeepsWhatWasThere()
    {
        Directory.CreateDirectory(Place); // nothing can be moved there

        Assert.ThrowsAny<Exception>(() => OutputFile.Write(Place, "new"u8));
        Assert.Equal(Place, Assert.Single(Directory.GetFileSystemEntries(_folder.Path)));
    }

    [Fact]
    public void Write_WhileAnotherProcessWrites_Fails()
    {
        using var other = new FileStream(Place + ".unfinished", FileMode.Create, FileAccess.Write, FileShare.None);

        var fault = Assert.Throws<IOException>(() => OutputFile.Write(Place, "new"u8));
        Assert.Equal("another process that writes it now", FileFault.Describe(fault));
        Assert.True(File.Exists(other.Name));
    }

    [Fact]
    public void Write_Link_WritesItsTarget()
    {
        _folder.Write("target", "old");
        File.CreateSymbolicLink(Place, "target");

        OutputFile.Write(Place, "new"u8);

        Assert.Equal("target", new FileInfo(Place).LinkTarget);
        Assert.Equal("new", File.ReadAllText(_folder.PathTo("target")));
    }

    [Fact]
    public void Write_Device_StaysOne()
    {
        OutputFile.Write("/dev/null", "new"u8);

        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.False(File.Exists("/dev/null.unfinished"));
    }

    [Fact]
    public void Check_AnyPlace_LeavesNothing()
    {
        OutputFile.Check(Place);

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Throws<DirectoryNotFoundException>(() => OutputFile.Check(_folder.PathTo("missing", "file")));
    }
}
