using System.Diagnostics;
using SplitActors.Inference.Sampling;
using SplitActors.Peers.LlamaCpp.Comparison;
using SplitActors.Peers.LlamaCpp.Gguf;

namespace SplitActors.Peers.LlamaCpp.Engine;

/// <summary>The child process: one round for each line on standard input, its figures as one line of JSON on standard output.</summary>
internal static class RoundLoop
{
    public static void Run(Workload workload)
    {
        Installation.ResolveLibraries();
        var model = workload.CreateModel();
        using var engine = new LlamaEngine(workload.ModelFile, workload.Config.VocabularySize, workload.ThreadCount, workload.PromptTokens + workload.DecodeTokens);
        var name = $"llama.cpp {LlamaEngine.Version} ({LlamaEngine.Kernels})";
        while (Console.In.ReadLine() is not null)
            Console.Out.WriteLine(Measure(engine, workload, model.BytesReadPerToken).ToJson(name));
    }

    private static Round Measure(LlamaEngine engine, Workload workload, long bytesReadPerToken)
    {
        var sampler = new Sampler();
        var prompt = Prompt(workload);
        engine.Clear();

        var started = Stopwatch.GetTimestamp();
        var token = sampler.Sample(engine.Forward(prompt), SamplingOptions.Greedy, [], prompt.Length);
        var prefill = prompt.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;

        started = Stopwatch.GetTimestamp();
        for (var step = 0; step < workload.DecodeTokens; step++)
            token = sampler.Sample(engine.Forward([token]), SamplingOptions.Greedy, [], prompt.Length + step + 1);
        var decode = workload.DecodeTokens / Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Round(prefill, decode, decode * bytesReadPerToken / 1e9);
    }

    /// <summary>Tokens spread over the vocabulary: which they are does not matter.</summary>
    private static int[] Prompt(Workload workload)
    {
        const int stride = 7919;
        var plainTokenCount = workload.Config.VocabularySize - SyntheticModel.FirstPlainToken;
        return [.. Enumerable.Range(0, workload.PromptTokens).Select(i => SyntheticModel.FirstPlainToken + (int)((long)i * stride % plainTokenCount))];
    }
}
