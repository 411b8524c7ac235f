using System.Diagnostics;
using System.Text;
using SplitActors.Hosts.Files;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Files;

public sealed class InputFileTests : IDisposable
{
    private const int BytesMax = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_ByteOrderMark_IsLeftOut()
    {
        _folder.Write("file", "\uFEFFtext");

        Assert.Equal("text", Read("file", out _));
    }

    [Fact]
    public void Read_DeviceWithoutEnd_StopsAtTheLimit()
    {
        Assert.Null(InputFile.Read("/dev/zero", BytesMax, out var found));
        Assert.Equal("more than 1 MiB", found);
    }

    [Fact]
    public void Read_FileAtTheLimitAndAbove_IsTakenOrNot()
    {
        _folder.Write("at", new string('x', BytesMax)).Write("above", new string('x', BytesMax + 1));

        Assert.Equal(BytesMax, Read("at", out _)!.Length);
        Assert.Null(Read("above", out var found));
        Assert.Equal("more than 1 MiB", found);
    }

    [Fact]
    public async Task Read_PipeWithoutWriter_IsEmptyAtOnce()
    {
        await MakePipeAsync();

        Assert.Equal("", Read("pipe", out _));
    }

    /// <summary>As of a shell's &lt;(command), whose writer has the pipe open and may be slow.</summary>
    [Fact]
    public async Task Read_PipeWithWriter_WaitsForItsEnd()
    {
        await MakePipeAsync();
        const int Bytes = 1 << 18; // more than a pipe holds: when all is written, somebody has begun to read
        using var both = new FileStream(_folder.PathTo("pipe"), FileMode.Open, FileAccess.ReadWrite); // opens at once
        var reading = Task.Run(() => Read("pipe", out _));
        using var writer = Process.Start("/bin/sh", ["-c", $"head -c {Bytes} /dev/zero > \"$0\"", _folder.PathTo("pipe")]);
        await writer.WaitForExitAsync();
        both.Close();

        Assert.Equal(Bytes, (await reading)!.Length);
    }

    [Theory]
    [InlineData("nothing", "no such file")]
    [InlineData("", "a folder")]
    [InlineData("loop", "symbolic links")]
    public void Read_NoFile_SaysWhatThereIs(string name, string expected)
    {
        File.CreateSymbolicLink(_folder.PathTo("loop"), "loop");

        Assert.Null(Read(name, out var found));
        Assert.Contains(expected, found, StringComparison.Ordinal);
    }

    private string? Read(string name, out string found) =>
        InputFile.Read(_folder.PathTo(name), BytesMax, out found) is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;

    private async Task MakePipeAsync()
    {
        using var makePipe = Process.Start("mkfifo", [_folder.PathTo("pipe")]);
        await makePipe.WaitForExitAsync();
    }
}
