using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class ChecksumFileTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string AnyTensor = "model.norm.weight";

    /// <summary>SHA-256 of "abc", from FIPS 180-4's example.</summary>
    private const string DigestOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors().WriteSingleFile();

    public void Dispose() => _builder.Dispose();

    [Theory]
    [InlineData("  ")]
    [InlineData(" *")]
    [InlineData("  ./")]
    public void Verify_EveryMark_IsRead(string mark)
    {
        _builder.Write("abc.txt", "abc"u8.ToArray()).WriteChecksums(mark);
        var checksums = ChecksumFile.TryOpen(_builder.Folder)!;
        Assert.Equal(DigestOfAbc, checksums.DigestOf("abc.txt"));
        checksums.Verify("abc.txt");
        checksums.Verify(Weights);
        checksums.Verify("not-listed.bin");
    }

    [Fact]
    public void Verify_EmptyFile_IsHashed()
    {
        _builder.Write("empty.txt", Array.Empty<byte>()).WriteChecksums();
        ChecksumFile.TryOpen(_builder.Folder)!.Verify("empty.txt");
        _builder.Write("empty.txt", [1]);
        CheckpointAssert.Refuses(() => ChecksumFile.TryOpen(_builder.Folder)!.Verify("empty.txt"), "empty.txt");
    }

    [Fact]
    public void TryOpen_NoFile_IsNull() => Assert.Null(ChecksumFile.TryOpen(_builder.Folder));

    [Fact]
    public void TryOpen_CommentsUppercaseAndCarriageReturns_AreAccepted()
    {
        WriteSums($"# comment\r\n{DigestOfAbc.ToUpperInvariant()}  abc.txt\r\n\n");
        Assert.Equal(DigestOfAbc, ChecksumFile.TryOpen(_builder.Folder)!.DigestOf("abc.txt"));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData(DigestOfAbc)]
    [InlineData(DigestOfAbc + "  ")]
    [InlineData(DigestOfAbc + " abc.txt")]
    [InlineData("x" + DigestOfAbc + "  abc.txt")]
    [InlineData("\\" + DigestOfAbc + "  a\\nb")]
    public void TryOpen_MalformedLine_NamesIt(string line)
    {
        WriteSums($"{DigestOfAbc}  x\n{line}\n");
        CheckpointAssert.Refuses(() => ChecksumFile.TryOpen(_builder.Folder), "SHA256SUMS, line 2");
    }

    [Fact]
    public void TryOpen_FileTwice_IsRefused()
    {
        WriteSums($"{DigestOfAbc}  x\n{DigestOfAbc} *x\n");
        CheckpointAssert.Refuses(() => ChecksumFile.TryOpen(_builder.Folder), "line 2", "'x' again");
    }

    [Fact]
    public void GetTensor_FlippedDataBit_IsFoundByTheDigest()
    {
        _builder.WriteChecksums();
        var expected = ChecksumFile.TryOpen(_builder.Folder)!.DigestOf(Weights)!;
        _builder.FlipBit(Weights, byteIndex: -5, bit: 0);
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        CheckpointAssert.Refuses(
            () => checkpoint.GetTensor(AnyTensor), _builder.PathTo(Weights), $"SHA-256 {expected}", "download the file again");
    }

    [Fact]
    public void GetTensor_ChecksumsOff_DoesNotHash()
    {
        _builder.WriteChecksums().FlipBit(Weights, byteIndex: -5, bit: 0);
        using var checkpoint = Checkpoint.Open(_builder.Folder, new CheckpointOpenOptions { VerifyChecksums = false });
        Assert.Equal(32, checkpoint.GetTensor(AnyTensor, 32).ElementCount);
    }

    [Fact]
    public void Open_OtherConfig_IsFoundByTheDigest()
    {
        _builder.WriteChecksums();
        _builder.Config["rope_theta"] = 10001.0;
        _builder.WriteConfig();
        CheckpointAssert.RefusesOpen(_builder.Folder, _builder.PathTo("config.json"), "SHA-256");
    }

    [Fact]
    public void Open_OtherIndex_IsFoundByTheDigest()
    {
        _builder.Delete(Weights).WriteShards(2).WriteChecksums();
        File.AppendAllText(_builder.PathTo("model.safetensors.index.json"), "\n");
        CheckpointAssert.RefusesOpen(_builder.Folder, "model.safetensors.index.json", "SHA-256");
    }

    [Fact]
    public void Verify_Quill_ReportsProgressUpToTheWholeFile()
    {
        var reports = new Reports();
        ChecksumFile.TryOpen(Repository.Quill)!.Verify(Weights, reports);
        Assert.Equal(13_910_360, reports.Last.BytesDone);
        Assert.Equal(13_910_360, reports.Last.BytesTotal);
        Assert.True(reports.Count > 1);
    }

    private void WriteSums(string text) => _builder.Write(ChecksumFile.FileName, Encoding.UTF8.GetBytes(text));

    private sealed class Reports : IProgress<ChecksumProgress>
    {
        public int Count { get; private set; }

        public ChecksumProgress Last { get; private set; }

        public void Report(ChecksumProgress value)
        {
            Assert.True(Count == 0 || value.BytesDone > Last.BytesDone);
            (Count, Last) = (Count + 1, value);
        }
    }
}
