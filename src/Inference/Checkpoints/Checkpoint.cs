using SplitActors.Inference.Json;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// A Hugging Face checkpoint folder: <c>config.json</c> (and <c>generation_config.json</c>) with either <c>model.safetensors</c> or
/// <c>model.safetensors.index.json</c> and the shards that it names. A shard is mapped when it is first needed, so a process that
/// runs a segment maps only that segment's files. Tensors are valid until the checkpoint is disposed. Any thread may read.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    public const string ConfigFileName = "config.json";
    public const string GenerationConfigFileName = "generation_config.json";
    public const string SingleFileName = "model.safetensors";

    private const string GgufPattern = "*.gguf";

    internal const string MatchingFilesNextStep = "Use the files of one and the same checkpoint; download them again.";

    private readonly ChecksumFile? _verified;
    private readonly CheckpointOpenOptions _options;
    private readonly TensorUse _use;
    private readonly List<Shard> _shards = [];
    private readonly Dictionary<string, Shard> _shardOfTensor = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightFormat> _formatOfTensor = new(StringComparer.Ordinal); // of an OPSC package's matrices

    private Checkpoint(string folder, CheckpointOpenOptions options)
    {
        (Folder, _options) = (folder, options);
        if (!File.Exists(PathTo(ConfigFileName)) && Directory.EnumerateFiles(folder, GgufPattern).FirstOrDefault() is { } gguf)
            throw NoFolder(gguf);
        Checksums = ChecksumFile.TryOpen(folder);
        _verified = options.VerifyChecksums ? Checksums : null;
        var config = ReadJson(ConfigFileName);
        Config = ModelConfigReader.Read(config, TryReadJson(GenerationConfigFileName), Warn);
        _use = new TensorUse(PathTo(ConfigFileName), Config);
        Quantization = OpscQuantization.Read(config.Field(OpscQuantization.FieldName), Config.LayerCount);
        if (Quantization is not null)
            AddFormats(Quantization);
        if (File.Exists(PathTo(SingleFileName)))
            AddSingleFile();
        else
            AddShards();
    }

    public string Folder { get; }

    public ModelConfig Config { get; }

    /// <summary>What an OPSC package holds; null for a checkpoint of stored weights.</summary>
    public OpscQuantization? Quantization { get; }

    /// <summary>The folder's <c>SHA256SUMS</c>; null if it has none.</summary>
    public ChecksumFile? Checksums { get; }

    /// <summary>All tensors of the files, ordered by name. Opens the header of every shard.</summary>
    /// <exception cref="UserErrorException">A shard is missing or damaged.</exception>
    public IEnumerable<TensorInfo> Tensors =>
        _shardOfTensor
            .OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => entry.Value.TryGetInfo(entry.Key, out var info) ? info : null)
            .OfType<TensorInfo>();

    /// <summary>Bytes of all safetensors files together.</summary>
    /// <exception cref="UserErrorException">A shard is missing or damaged.</exception>
    public long FileBytes => _shards.Where(shard => !shard.IsDispensable).Sum(shard => shard.Open().Length);

    internal IReadOnlyList<Shard> Shards => _shards;

    internal IReadOnlyDictionary<string, Shard> ShardOfTensor => _shardOfTensor;

    /// <exception cref="UserErrorException">
    /// The folder or a file of it is missing, malformed, damaged (<c>SHA256SUMS</c>), or asks for something that is not supported.
    /// </exception>
    public static Checkpoint Open(string folder, CheckpointOpenOptions? options = null)
    {
        if (!Directory.Exists(folder))
            throw NoFolder(folder);

        return new Checkpoint(folder, options ?? new CheckpointOpenOptions());
    }

    public bool Contains(string name) => _shardOfTensor.ContainsKey(name);

    /// <summary>
    /// How a tensor's weights are stored. One of a quantized format is U8 in the tiles of a <see cref="TileLayout"/>, [tiles, bytes of a tile].
    /// </summary>
    public WeightFormat FormatOf(string name) => _formatOfTensor.GetValueOrDefault(name, WeightFormat.Unquantized);

    /// <param name="name">Name of the tensor, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
    /// <param name="expectedShape">The shape that it must have; none given: any shape will do.</param>
    /// <exception cref="UserErrorException">
    /// There is no such tensor, it has another shape, or its file is missing or damaged.
    /// </exception>
    public Tensor GetTensor(string name, params ReadOnlySpan<int> expectedShape)
    {
        if (_shardOfTensor.TryGetValue(name, out var shard))
            return shard.GetVerified(name, expectedShape);

        throw NoSuchTensor(name, expectedShape.IsEmpty ? "a tensor" : $"a tensor of shape {TensorInfo.ShapeText(expectedShape)}");
    }

    /// <summary>What the header says of a tensor; its file is not verified.</summary>
    /// <exception cref="UserErrorException">There is no such tensor, or its file is missing or damaged.</exception>
    internal TensorInfo GetInfo(string name) =>
        _shardOfTensor.TryGetValue(name, out var shard) && shard.TryGetInfo(name, out var info) ? info : throw NoSuchTensor(name, "a tensor");

    /// <summary>As <see cref="GetInfo"/>; null where the file of the tensor is not here and need not be.</summary>
    internal TensorInfo? TryGetInfo(string name) =>
        !_options.RequireAllShards && _shardOfTensor.TryGetValue(name, out var shard) && !File.Exists(shard.Path) ? null : GetInfo(name);

    /// <summary>
    /// Compares the tensors' names, shapes and types with the configuration, by the headers of all files, so that nothing else is found when weights are loaded but
    /// damaged values.
    /// </summary>
    /// <exception cref="UserErrorException">A tensor is missing, has another shape, or a type that is no weight's, or a file is missing or damaged.</exception>
    public void RequireTensors() => TensorCheck.Run(this);

    /// <summary>Tells of what is wrong and does no harm.</summary>
    internal void Warn(string message) => _options.Warn(message);

    /// <summary>Reads another file of the folder, such as <c>tokenizer.json</c>, verified like the others.</summary>
    /// <exception cref="UserErrorException">The file is missing, damaged, or above 256 MiB.</exception>
    public byte[] ReadAllBytes(string fileName)
    {
        var bytes = CheckpointFile.ReadAllBytes(PathTo(fileName));
        _verified?.Verify(PathTo(fileName), bytes);
        return bytes;
    }

    /// <summary>As <see cref="ReadAllBytes"/>, for a file of JSON.</summary>
    /// <exception cref="UserErrorException">The file is missing or damaged, or not an object in strict JSON.</exception>
    internal JsonField ReadJson(string fileName) => JsonField.Parse(PathTo(fileName), ReadAllBytes(fileName));

    /// <summary>As <see cref="ReadJson"/>; null when the folder has no such file.</summary>
    internal JsonField? TryReadJson(string fileName) => File.Exists(PathTo(fileName)) ? ReadJson(fileName) : null;

    public void Dispose()
    {
        foreach (var shard in _shards)
            shard.Dispose();
    }

    private void AddFormats(OpscQuantization quantization)
    {
        foreach (var tensor in ModelTensors.Of(Config))
            _formatOfTensor.Add(tensor.Name, quantization.FormatOf(tensor));
    }

    private void AddSingleFile()
    {
        var shard = new Shard(PathTo(SingleFileName), _verified, _use, _options);
        _shards.Add(shard);
        foreach (var name in shard.Open().Tensors.Keys)
            _shardOfTensor.Add(name, shard);
    }

    private void AddShards()
    {
        if (!File.Exists(PathTo(ShardIndex.FileName)))
        {
            throw CheckpointError.At(
                Folder, $"{SingleFileName} or {ShardIndex.FileName}", "neither", "Download the weights in safetensors format.");
        }

        var index = ShardIndex.Read(ReadJson(ShardIndex.FileName));
        _use.Require(PathTo(ShardIndex.FileName), index.WeightMap.Keys, Warn);
        foreach (var file in index.WeightMap.GroupBy(entry => entry.Value, StringComparer.Ordinal))
        {
            if (_options.RequireAllShards && !File.Exists(PathTo(file.Key)))
                RefuseMissing(file.Key, isNeeded: file.Any(entry => _use.IsUsed(entry.Key)));

            var shard = new Shard(PathTo(file.Key), _verified, _use, _options);
            _shards.Add(shard);
            foreach (var (tensor, _) in file)
            {
                shard.Expect(tensor, _options.VerifyChecksums ? index.Crc32C?[tensor] : null);
                _shardOfTensor.Add(tensor, shard);
            }
        }
    }

    private void RefuseMissing(string fileName, bool isNeeded)
    {
        var error = CheckpointError.At(
            PathTo(fileName), ExpectedShard(fileName), "no such file", isNeeded ? "Copy or download it into the folder." : "Nothing in it is used.");
        if (isNeeded)
            throw error;
        Warn(error.Message);
    }

    private static UserErrorException NoFolder(string path)
    {
        const string expected = "a checkpoint folder";
        if (!File.Exists(path))
            return CheckpointError.At(path, expected, "no such folder", "Correct the path, or download the checkpoint.");
        return path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            ? CheckpointError.At(path, expected, "a GGUF file", "GGUF is not read yet: name a Hugging Face folder, with config.json, tokenizer.json and safetensors files.")
            : CheckpointError.At(path, expected, "a file", "Name the folder that holds config.json, tokenizer.json and the safetensors files.");
    }

    private string ExpectedShard(string fileName) => (Quantization, fileName) switch
    {
        ({ } package, OpscPackage.FrontFileName) => $"the package's front ({LayerRange.Front(package.SplitLayer)}), which this command needs beside the back",
        ({ } package, OpscPackage.BackFileName) =>
            $"the package's back ({LayerRange.Back(package.SplitLayer, Config.LayerCount)}), which this command needs beside the front",
        _ => $"a shard, which {ShardIndex.FileName} names",
    };

    private UserErrorException NoSuchTensor(string name, string expected)
    {
        var path = _shards is [{ IndexedTensors: [] } single] ? single.Path : PathTo(ShardIndex.FileName);
        return CheckpointError.At(CheckpointError.TensorPlace(path, name), expected, "no tensor of this name", MatchingFilesNextStep);
    }

    private string PathTo(string fileName) => Path.Combine(Folder, fileName);
}
