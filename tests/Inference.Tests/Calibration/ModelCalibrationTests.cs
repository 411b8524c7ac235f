using System.Text;
using System.Text.Json.Nodes;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Calibration;

/// <summary>A model of two layers has one split; its calibration is written once and then damaged field by field.</summary>
public sealed class ModelCalibrationTests : IClassFixture<ModelCalibrationTests.Written>
{
    private readonly Written _written;

    public ModelCalibrationTests(Written written) => _written = written;

    [Fact]
    public void TryOpen_WrittenCalibration_HasEverySetting()
    {
        var calibration = ModelCalibration.TryOpen(_written.Checkpoint)!;
        var split = Assert.Single(calibration.Splits);
        Assert.Equal((1, 32, calibration.Id), (split.SplitLayer, split.Width, split.Id));
        foreach (var quality in QualityTarget.All)
        {
            foreach (var transform in Enum.GetValues<RateDistortionTransform>())
                Assert.Equal(transform, split.RateDistortionFor(quality, transform).RateDistortion.Transform);
            Assert.Contains(split.TabqFor(quality).Tabq, split.Tabq.Select(setting => setting.Tabq));
        }

        Assert.Null(calibration.For(2));
    }

    [Fact]
    public void Digest_ModelWithCalibration_IsThatOfTheModelWithout()
    {
        var with = ModelDigest.Of(_written.Checkpoint);
        using var without = new CheckpointBuilder();
        foreach (var file in Directory.GetFiles(_written.Checkpoint.Folder).Where(file => Path.GetFileName(file) != ModelCalibration.FileName))
            without.Write(Path.GetFileName(file), File.ReadAllBytes(file));
        using var checkpoint = Checkpoint.Open(without.Folder);
        Assert.Equal(with, ModelDigest.Of(checkpoint));
        Assert.Null(ModelCalibration.TryOpen(checkpoint));
    }

    [Fact]
    public void Open_OtherModel_IsRefused()
    {
        using var other = new CheckpointBuilder();
        other.Config["rope_theta"] = 20000.0;
        Written.Fill(other);
        using var checkpoint = Checkpoint.Open(other.Folder);
        var error = Assert.Throws<UserErrorException>(() => ModelCalibration.Open(_written.Path, checkpoint));
        Assert.Contains("model_digest", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", "1")]
    [InlineData("version", "3")]
    [InlineData("version", null)]
    [InlineData("model_digest", "\"00\"")]
    [InlineData("statistics_tokens", "-1")]
    [InlineData("splits", "{}")]
    [InlineData("splits", "[]")]
    [InlineData("splits[0].split_layer", "2")]
    [InlineData("splits[0].rate_distortion[0].transform", "\"dct\"")]
    [InlineData("splits[0].rate_distortion[0].relative_step", "0")]
    [InlineData("splits[0].rate_distortion[0].relative_step", null)]
    [InlineData("splits[0].rate_distortion[0].quality", "\"2%\"")]
    [InlineData("splits[0].rate_distortion[0].elsewhere_percent", null)]
    [InlineData("splits[0].rate_distortion", "[]")]
    [InlineData("splits[0].tabq", "[]")]
    [InlineData("splits[0].tabq[0].bits_max", "9")]
    [InlineData("splits[0].tabq[0].bits_min", "1")]
    [InlineData("splits[0].tabq[0].threshold", "\"-3rms\"")]
    public void Open_WrongField_IsRefusedByFileAndField(string field, string? value)
    {
        var error = Assert.Throws<UserErrorException>(() => OpenWith(json => Replace(json, field, value)));
        Assert.Contains(field.Split('.')[^1].Split('[')[0], error.Place, StringComparison.Ordinal);
        Assert.Contains("damaged.safetensors", error.Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rate_distortion", "klt")]
    [InlineData("rate_distortion", "prediction")]
    [InlineData("tabq", null)]
    public void Open_QualityThatIsMissingOrThereTwice_IsRefusedByFileAndField(string field, string? transform)
    {
        foreach (var (quality, count) in new[] { (1, 0), (3, 2) })
        {
            var error = Assert.Throws<UserErrorException>(() => OpenWith(json =>
            {
                var settings = json["splits"]![0]![field]!.AsArray();
                var setting = settings.Single(setting => setting!["quality"]!.GetValue<string>() == $"{quality}%" && setting["transform"]?.GetValue<string>() == transform)!;
                if (count == 0)
                    settings.Remove(setting);
                else
                    settings.Add(setting.DeepClone());
            }));
            Assert.Contains("damaged.safetensors", error.Place, StringComparison.Ordinal);
            Assert.EndsWith(field, error.Place, StringComparison.Ordinal);
            Assert.Contains($"one setting for {quality}%", error.Message, StringComparison.Ordinal);
            Assert.Contains($"found {count}. Run `splitactors calibrate` again.", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("splits.1.columns.mean", float.NaN)]
    [InlineData("splits.1.columns.deviation", 0)]
    [InlineData("splits.1.klt.deviation", float.PositiveInfinity)]
    [InlineData("splits.1.prediction.scale", -1)]
    public void Open_WrongValue_IsRefusedByFileAndTensor(string tensor, float value)
    {
        var bytes = File.ReadAllBytes(_written.Path);
        using (var file = SafetensorsFile.Open(_written.Path))
            BitConverter.GetBytes(value).CopyTo(bytes, file.Tensors[tensor].FileOffset + 8);
        var error = Assert.Throws<UserErrorException>(() => Open(bytes));
        Assert.Contains($"'{tensor}', element 2", error.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Truncated_IsRefused()
    {
        var bytes = File.ReadAllBytes(_written.Path);
        foreach (var length in new[] { 0, 4, 100, bytes.Length / 2, bytes.Length - 1 })
        {
            var error = Assert.Throws<UserErrorException>(() => Open(bytes[..length]));
            Assert.Contains("damaged.safetensors", error.Place, StringComparison.Ordinal);
            Assert.EndsWith("Run `splitactors calibrate` again.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Run_SameTextAgain_WritesTheSameBytes()
    {
        var again = Path.Combine(_written.Checkpoint.Folder, "again.safetensors");
        _written.Calibrate(again);
        Assert.Equal(File.ReadAllBytes(_written.Path), File.ReadAllBytes(again));
        File.Delete(again);
    }

    [Fact]
    public void Run_ShortText_IsRefused()
    {
        var options = new CalibrationOptions([1], false, false, 5000);
        var error = Assert.Throws<UserErrorException>(() => Calibrator.Run(_written.Checkpoint, "too short", "short.txt", _written.Path, options));
        Assert.Contains("short.txt: expected a text of at least 2560 tokens", error.Message, StringComparison.Ordinal);
    }

    private static void Replace(JsonNode json, string field, string? value)
    {
        var path = field.Split('.');
        var parent = json;
        foreach (var part in path[..^1])
        {
            var name = part.Split('[')[0];
            parent = parent[name]![0]!;
        }

        if (value is null)
            parent.AsObject().Remove(path[^1]);
        else
            parent[path[^1]] = JsonNode.Parse(value);
    }

    private void OpenWith(Action<JsonNode> change)
    {
        var bytes = File.ReadAllBytes(_written.Path);
        var headerBytes = (int)BitConverter.ToInt64(bytes);
        var header = JsonNode.Parse(Encoding.UTF8.GetString(bytes, 8, headerBytes))!;
        var metadata = JsonNode.Parse(header["__metadata__"]!["splitactors.calibration"]!.GetValue<string>())!;
        change(metadata);
        header["__metadata__"]!["splitactors.calibration"] = metadata.ToJsonString();
        var text = Encoding.UTF8.GetBytes(header.ToJsonString());
        Open([.. BitConverter.GetBytes((long)text.Length), .. text, .. bytes[(8 + headerBytes)..]]);
    }

    private void Open(byte[] bytes)
    {
        var path = Path.Combine(_written.Checkpoint.Folder, "damaged.safetensors");
        File.WriteAllBytes(path, bytes);
        _ = ModelCalibration.Open(path, _written.Checkpoint);
    }

    /// <summary>A small model with its calibration.</summary>
    public sealed class Written : IDisposable
    {
        private readonly CheckpointBuilder _builder = new();
        private readonly string _text = string.Concat(Enumerable.Range(0, 4000).Select(i => (char)('a' + (i * i % 7))));

        public Written()
        {
            Fill(_builder);
            Checkpoint = Checkpoint.Open(_builder.Folder);
            Path = System.IO.Path.Combine(_builder.Folder, ModelCalibration.FileName);
            Calibrate(Path);
        }

        public Checkpoint Checkpoint { get; }

        internal static void Fill(CheckpointBuilder builder)
        {
            builder.Config["vocab_size"] = 256;
            builder.AddModelTensors().WriteSingleFile().Write("tokenizer.json", TokenizerJson.WithMerges());
        }

        public string Path { get; }

        public void Calibrate(string path) =>
            Calibrator.Run(Checkpoint, _text, "text", path, new CalibrationOptions([1], WithKarhunenLoeve: true, WithPrediction: true, TokenCountMax: null));

        public void Dispose()
        {
            Checkpoint.Dispose();
            _builder.Dispose();
        }
    }
}
