using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Models;

/// <summary>
/// Quill's tokenizer over a model whose next token depends on the last one alone: its layers add nothing to the embedding, which holds
/// a 1 at a place of its own for every token with a successor, and the head holds a 1 there for that successor. So the text to come is
/// known, at any length.
/// </summary>
internal static class ChainModel
{
    public const int EndToken = 4095;

    /// <summary>The token of "x", a prompt to start from.</summary>
    public const int X = 87;

    /// <summary>The four tokens of the bytes of 😀 (U+1F600): F0 9F 98 80.</summary>
    public static readonly int[] Smile = [172, 253, 246, 222];

    private const int VocabularySize = 4096;
    private const int HiddenSize = 32;
    private const ushort One = 0x3F80; // in BF16

    /// <summary>After "x": 😀 for ever.</summary>
    public static CheckpointBuilder Smiles(int contextLength) => Write(
        contextLength, (X, Smile[0]), (Smile[0], Smile[1]), (Smile[1], Smile[2]), (Smile[2], Smile[3]), (Smile[3], Smile[0]));

    /// <param name="contextLength">In tokens.</param>
    /// <param name="successors">At most 32; a token that has none is followed by token 0.</param>
    public static CheckpointBuilder Write(int contextLength, params (int Token, int Next)[] successors)
    {
        var builder = new CheckpointBuilder();
        builder.Config["vocab_size"] = VocabularySize;
        builder.Config["max_position_embeddings"] = contextLength;
        builder.Config["bos_token_id"] = EndToken - 1;
        builder.Config["eos_token_id"] = EndToken;
        builder.AddModelTensors();
        for (var i = 0; i < builder.Tensors.Count; i++)
            builder.Tensors[i] = Rewire(builder.Tensors[i], successors);
        return builder.WriteSingleFile().Write("tokenizer.json", File.ReadAllBytes(Path.Combine(Repository.Quill, "tokenizer.json")));
    }

    private static SyntheticTensor Rewire(SyntheticTensor tensor, (int Token, int Next)[] successors) => tensor.Name switch
    {
        "model.embed_tokens.weight" => tensor with { Data = Ones(successors.Select((pair, place) => (pair.Token, place))) },
        "lm_head.weight" => tensor with { Data = Ones(successors.Select((pair, place) => (pair.Next, place))) },
        _ when tensor.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) => tensor with { Data = new byte[tensor.Data.Length] },
        _ when tensor.Name.EndsWith("down_proj.weight", StringComparison.Ordinal) => tensor with { Data = new byte[tensor.Data.Length] },
        _ => tensor,
    };

    /// <returns>[V, d] in BF16, 1 at these elements and 0 elsewhere</returns>
    private static byte[] Ones(IEnumerable<(int Row, int Column)> elements)
    {
        var data = new byte[VocabularySize * HiddenSize * sizeof(ushort)];
        foreach (var (row, column) in elements)
            BitConverter.TryWriteBytes(data.AsSpan(((row * HiddenSize) + column) * sizeof(ushort)), One);
        return data;
    }
}
