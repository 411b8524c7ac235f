using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Peers.LlamaCpp.Gguf;
using SplitActors.Tests.Shared;

namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>What both engines do in a round.</summary>
/// <param name="Shape">One of <see cref="ModelShapes.Names"/>.</param>
/// <param name="Bits">Of a weight: 4 is Q4_0, 8 is Q8_0.</param>
internal sealed record Workload(string Shape, int Bits, int ThreadCount, int PromptTokens, int DecodeTokens)
{
    /// <exception cref="UserErrorException">A value that cannot be measured.</exception>
    public void Validate()
    {
        if (Bits is not (4 or 8))
            throw Error("--bits", "4 or 8", Bits, "llama.cpp has no other format here.");
        if (ThreadCount < 1 || ThreadCount > Environment.ProcessorCount)
            throw Error("--threads", $"1 to {Environment.ProcessorCount}", ThreadCount, "More threads than processors measure the scheduler.");
        if (PromptTokens < 1)
            throw Error("--prompt", "1 token or more", PromptTokens, "Decoding needs a token to begin with.");
        if (DecodeTokens < 1)
            throw Error("--decode", "1 token or more", DecodeTokens, "Nothing to measure otherwise.");
        if ((long)PromptTokens + DecodeTokens > Config.ContextLength)
            throw Error("--prompt plus --decode", $"at most {Config.ContextLength} tokens", (long)PromptTokens + DecodeTokens, "Take fewer.");
    }

    public ModelConfig Config => ModelShapes.Parse(Shape, "--shape");

    public string ModelFile => Repository.PathTo("artifacts", "peers", $"{Shape}-{Type.ToString().ToLowerInvariant()}.gguf");

    private GgufType Type => Bits == 4 ? GgufType.Q4_0 : GgufType.Q8_0;

    public SyntheticModel CreateModel() => new(Shape, Config, Type);

    /// <summary>The same for both programs.</summary>
    public IEnumerable<string> ToArguments() =>
        ["--shape", Shape, "--bits", $"{Bits}", "--threads", $"{ThreadCount}", "--prompt", $"{PromptTokens}", "--decode", $"{DecodeTokens}"];

    /// <summary>Writes the model unless it is there; a file that was not finished does not count.</summary>
    public void EnsureModelFile()
    {
        if (File.Exists(ModelFile))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(ModelFile)!);
        var model = CreateModel();
        Console.Error.WriteLine($"Writing {ModelFile}, {model.Tensors.Sum(tensor => tensor.ByteCount) / 1e9:F1} GB …");
        var unfinished = $"{ModelFile}.unfinished";
        using (var stream = File.Create(unfinished))
            model.WriteTo(stream);
        File.Move(unfinished, ModelFile);
    }

    private static UserErrorException Error(string option, string expected, long found, string nextStep) =>
        new(UserErrorKind.Options, option, expected, $"{found}", nextStep);
}
