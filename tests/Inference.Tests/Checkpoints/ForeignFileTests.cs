using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

/// <summary>Pointers of Git LFS, byte order marks, and files where a folder is expected.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private static readonly byte[] Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"u8.ToArray();

    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private readonly CheckpointBuilder _builder = new();

    public ForeignFileTests()
    {
        foreach (var file in new[] { "config.json", "generation_config.json", "tokenizer.json", "model.safetensors", "calibration.safetensors" })
            _builder.Write(file, File.ReadAllBytes(Path.Combine(Repository.Quill, file)));
    }

    public void Dispose() => _builder.Dispose();

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("model.safetensors")]
    [InlineData("calibration.safetensors")]
    [InlineData("SHA256SUMS")]
    public void Read_GitLfsPointer_IsNamedWithWhatToDo(string file)
    {
        _builder.Write(file, Pointer);
        CheckpointAssert.Refuses(ReadAll, _builder.PathTo(file), "a Git LFS pointer", "git lfs pull");
    }

    [Fact]
    public void Read_GitLfsPointerOfAnIndex_IsNamed()
    {
        _builder.Delete("model.safetensors").Write("model.safetensors.index.json", Pointer);
        CheckpointAssert.Refuses(ReadAll, "model.safetensors.index.json", "git lfs pull");
    }

    /// <summary>The checksum is of the file that the pointer stands for.</summary>
    [Fact]
    public void Read_GitLfsPointerOfAListedFile_IsNotCalledDamaged()
    {
        _builder.WriteChecksums().Write("model.safetensors", Pointer);
        CheckpointAssert.Refuses(ReadAll, "model.safetensors", "git lfs pull");
        CheckpointAssert.Refuses(() => ChecksumFile.TryOpen(_builder.Folder)!.VerifyAll(), "model.safetensors", "git lfs pull");
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("SHA256SUMS")]
    public void Read_ByteOrderMark_IsSkipped(string file)
    {
        _builder.Delete("calibration.safetensors"); // of the model with its own checksums
        if (file == "SHA256SUMS")
            _builder.WriteChecksums();
        _builder.Write(file, [.. Mark, .. File.ReadAllBytes(_builder.PathTo(file))]);
        ReadAll();
    }

    [Fact]
    public void Write_ConfigWithByteOrderMark_MakesAPackage()
    {
        _builder.Write("config.json", [.. Mark, .. File.ReadAllBytes(_builder.PathTo("config.json"))]);
        using var source = Checkpoint.Open(_builder.Folder);
        OpscPackage.Write(source, new OpscQuantization(4, new WeightFormat(4), new WeightFormat(8)), _builder.PathTo("package"));
        using var package = Checkpoint.Open(_builder.PathTo("package"));
        package.RequireTensors();
    }

    [Fact]
    public void Open_GgufFile_SaysWhatIsRead()
    {
        _builder.Write("m.gguf", "GGUF"u8.ToArray());
        CheckpointAssert.RefusesOpen(_builder.PathTo("m.gguf"), _builder.PathTo("m.gguf"), "a GGUF file", "GGUF is not read yet", "Hugging Face folder");
        _builder.Delete("config.json");
        CheckpointAssert.RefusesOpen(_builder.Folder, _builder.PathTo("m.gguf"), "GGUF is not read yet");
    }

    [Fact]
    public void Open_OtherFile_AsksForItsFolder() =>
        CheckpointAssert.RefusesOpen(_builder.PathTo("model.safetensors"), "a checkpoint folder, found a file", "Name the folder");

    private void ReadAll()
    {
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        checkpoint.RequireTensors();
        GenerationDefaults.Read(checkpoint);
        Assert.Equal(4096, Tokenizer.Load(checkpoint).VocabularySize);
        checkpoint.GetTensor(ModelTensors.FinalNorm);
        ModelCalibration.TryOpen(checkpoint);
    }
}
