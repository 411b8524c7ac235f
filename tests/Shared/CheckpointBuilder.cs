using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace SplitActors.Tests.Shared;

/// <summary>One tensor of a synthetic checkpoint; <paramref name="Type"/> is a safetensors dtype.</summary>
internal sealed record SyntheticTensor(string Name, string Type, int[] Shape, byte[] Data);

/// <summary>
/// Writes small Hugging Face checkpoint folders below the temporary folder and removes them when disposed. The default is a
/// 2-layer Llama with grouped-query attention and an untied head; tests change <see cref="Config"/> and <see cref="Tensors"/>.
/// </summary>
internal sealed class CheckpointBuilder : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("splitactors-checkpoint-").FullName;

    public JsonObject Config { get; } = new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = 48,
        ["hidden_size"] = 32,
        ["intermediate_size"] = 64,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["max_position_embeddings"] = 64,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = false,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
    };

    public List<SyntheticTensor> Tensors { get; } = [];

    /// <summary>Adds every tensor that <see cref="Config"/> implies: BF16, matrices uniform in ±1/√columns, norms 1.</summary>
    public CheckpointBuilder AddModelTensors(int seed = 1)
    {
        var random = new Random(seed);
        int hidden = Size("hidden_size"), vocabulary = Size("vocab_size"), intermediate = Size("intermediate_size");
        var headDim = Config["head_dim"]?.GetValue<int>() ?? hidden / Size("num_attention_heads");
        int queryWidth = headDim * Size("num_attention_heads"), kvWidth = headDim * Size("num_key_value_heads");

        AddMatrix(random, "model.embed_tokens.weight", vocabulary, hidden);
        for (var i = 0; i < Size("num_hidden_layers"); i++)
        {
            var layer = $"model.layers.{i}";
            AddNorm($"{layer}.input_layernorm.weight", hidden);
            AddMatrix(random, $"{layer}.self_attn.q_proj.weight", queryWidth, hidden);
            AddMatrix(random, $"{layer}.self_attn.k_proj.weight", kvWidth, hidden);
            AddMatrix(random, $"{layer}.self_attn.v_proj.weight", kvWidth, hidden);
            AddMatrix(random, $"{layer}.self_attn.o_proj.weight", hidden, queryWidth);
            AddNorm($"{layer}.post_attention_layernorm.weight", hidden);
            AddMatrix(random, $"{layer}.mlp.gate_proj.weight", intermediate, hidden);
            AddMatrix(random, $"{layer}.mlp.up_proj.weight", intermediate, hidden);
            AddMatrix(random, $"{layer}.mlp.down_proj.weight", hidden, intermediate);
        }

        AddNorm("model.norm.weight", hidden);
        if (!Config["tie_word_embeddings"]!.GetValue<bool>())
            AddMatrix(random, "lm_head.weight", vocabulary, hidden);
        return this;
    }

    public CheckpointBuilder Add(string name, string type, int[] shape, byte[] data)
    {
        Tensors.Add(new SyntheticTensor(name, type, shape, data));
        return this;
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>.</summary>
    public CheckpointBuilder WriteSingleFile()
    {
        WriteConfig();
        return Write("model.safetensors", SafetensorsWriter.ToBytes(Tensors));
    }

    /// <summary>Writes <c>config.json</c>, the index, and the tensors in order, spread over so many files.</summary>
    public CheckpointBuilder WriteShards(int shardCount)
    {
        WriteConfig();
        var weightMap = new JsonObject();
        var shards = Tensors.Chunk((Tensors.Count + shardCount - 1) / shardCount).ToArray();
        for (var i = 0; i < shards.Length; i++)
        {
            var file = $"model-{i + 1:d5}-of-{shards.Length:d5}.safetensors";
            Write(file, SafetensorsWriter.ToBytes(shards[i]));
            foreach (var tensor in shards[i])
                weightMap[tensor.Name] = file;
        }

        var totalBytes = Tensors.Sum(tensor => (long)tensor.Data.Length);
        return Write("model.safetensors.index.json", new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = totalBytes },
            ["weight_map"] = weightMap,
        });
    }

    public CheckpointBuilder WriteConfig() => Write("config.json", Config);

    /// <summary>Writes <c>SHA256SUMS</c> over all files that are in the folder now.</summary>
    public CheckpointBuilder WriteChecksums(string mark = "  ")
    {
        var lines = from path in Directory.GetFiles(Folder).Order(StringComparer.Ordinal)
                    let digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))
                    select $"{digest}{mark}{Path.GetFileName(path)}\n";
        File.WriteAllText(PathTo("SHA256SUMS"), string.Concat(lines));
        return this;
    }

    public CheckpointBuilder Write(string file, JsonNode json)
    {
        File.WriteAllText(PathTo(file), json.ToJsonString());
        return this;
    }

    public CheckpointBuilder Write(string file, byte[] content)
    {
        File.WriteAllBytes(PathTo(file), content);
        return this;
    }

    public CheckpointBuilder Delete(string file)
    {
        File.Delete(PathTo(file));
        return this;
    }

    /// <summary>Flips one bit of a file; a negative byte index counts from its end.</summary>
    public CheckpointBuilder FlipBit(string file, int byteIndex, int bit)
    {
        var content = File.ReadAllBytes(PathTo(file));
        content[byteIndex < 0 ? content.Length + byteIndex : byteIndex] ^= (byte)(1 << bit);
        return Write(file, content);
    }

    public string PathTo(string file) => Path.Combine(Folder, file);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private int Size(string field) => Config[field]!.GetValue<int>();

    private void AddMatrix(Random random, string name, int rows, int columns)
    {
        var scale = 1 / Math.Sqrt(columns);
        var values = Enumerable.Range(0, rows * columns).Select(_ => (float)(((2 * random.NextDouble()) - 1) * scale));
        Add(name, "BF16", [rows, columns], SafetensorsWriter.BFloat16(values));
    }

    private void AddNorm(string name, int size) =>
        Add(name, "BF16", [size], SafetensorsWriter.BFloat16(Enumerable.Repeat(1f, size)));
}
