using System.Runtime.InteropServices;
using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Calibration;

/// <summary>Reads a calibration file and checks all of it: every error names the file and the field.</summary>
internal sealed class CalibrationReader
{
    public const string CalibrateAgain = "Run `splitactors calibrate` again.";

    private const int VersionsMax = 1_000_000;
    private const int TokensMax = int.MaxValue;
    private const float DeviationMax = 1e6f;
    private const float DistortionToleranceMax = 128; // levels: as many as there are

    private readonly SafetensorsFile _file;
    private readonly JsonField[] _splits;
    private readonly int _width;
    private readonly int _layerCount;

    /// <exception cref="UserErrorException">The metadata are damaged, or of another version or model.</exception>
    public CalibrationReader(SafetensorsFile file, Checkpoint checkpoint)
    {
        _file = file;
        (_width, _layerCount) = (checkpoint.Config.HiddenSize, checkpoint.Config.LayerCount);
        var place = $"{file.Path}, {CalibrationFormat.MetadataName}";
        if (!file.Metadata.TryGetValue(CalibrationFormat.MetadataName, out var text))
            throw CheckpointError.At(place, "the metadata of a calibration", "nothing", CalibrateAgain);
        var root = JsonField.Parse(place, Encoding.UTF8.GetBytes(text), CalibrateAgain);
        var version = root.Field("version");
        if (version.Integer(1, VersionsMax) != CalibrationFormat.Version)
            throw version.Error($"{CalibrationFormat.Version}");
        var digest = root.Field("model_digest");
        var expected = ModelDigest.Of(checkpoint).Hex;
        if (digest.Text() != expected && digest.Text() != checkpoint.Quantization?.SourceDigest)
            throw digest.Error($"{expected}, the digest of the model in {checkpoint.Folder}");
        Summary = new CalibrationSummary(
            digest.Text(), root.Field("text_digest").Text(), root.Field("statistics_tokens").Integer(0, TokensMax), root.Field("quality_tokens").Integer(0, TokensMax));
        _splits = [.. root.Field("splits").Items()];
        RequireKnownTensors(root);
    }

    public CalibrationSummary Summary { get; }

    /// <param name="id">Of the file.</param>
    /// <param name="only">Reads this split alone; null reads all.</param>
    /// <exception cref="UserErrorException">A split is named twice, or a field or tensor is missing, malformed or out of its range.</exception>
    public IEnumerable<(SplitTensors Tensors, SplitCalibration Settings)> Splits(ulong id, int? only)
    {
        foreach (var split in _splits)
        {
            var splitLayer = SplitLayerOf(split);
            if (only is { } wanted && wanted != splitLayer)
                continue;
            var steps = split.Field("rate_distortion").Items().Select(ReadStep).ToList();
            var tabq = split.Field("tabq").Items().Select(ReadTabq).ToList();
            var tensors = ReadTensors(splitLayer);
            var calibration = new SplitCalibration(splitLayer, id, tensors, steps, tabq);
            if (steps.FirstOrDefault(step => !calibration.Has(step.RateDistortion.Transform)) is { } lacking)
                throw split.Field("rate_distortion").Error("transforms whose tensors are in the file", lacking.RateDistortion.Transform.Name());
            RequireEveryQuality(split, calibration);
            yield return (tensors, calibration);
        }
    }

    private int SplitLayerOf(JsonField split) => split.Field("split_layer").Integer(1, _layerCount - 1);

    private void RequireKnownTensors(JsonField root)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var split in _splits)
        {
            var layer = SplitLayerOf(split);
            if (!known.Add(CalibrationFormat.Mean(layer)))
                throw split.Field("split_layer").Error("a split that is named once");
            known.UnionWith(
            [
                CalibrationFormat.Deviation(layer), CalibrationFormat.Basis(layer), CalibrationFormat.BasisDeviation(layer), CalibrationFormat.PredictionCodes(layer),
                CalibrationFormat.PredictionScale(layer), CalibrationFormat.PredictionBias(layer), CalibrationFormat.ResidualBasis(layer),
                CalibrationFormat.ResidualDeviation(layer),
            ]);
        }

        if (_file.Tensors.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw root.Field("splits").Error("a split for every tensor of the file", $"none for tensor '{ShownText.Of(unknown)}'");
    }

    private static void RequireEveryQuality(JsonField split, SplitCalibration calibration)
    {
        foreach (var quality in QualityTarget.All)
        {
            foreach (var transform in Enum.GetValues<RateDistortionTransform>().Where(calibration.Has))
            {
                var count = calibration.Steps.Count(step => step.Quality == quality && step.RateDistortion.Transform == transform);
                if (count != 1)
                    throw split.Field("rate_distortion").Error($"one setting for {quality} with transform {transform.Name()}", $"{count}");
            }

            var tabqCount = calibration.Tabq.Count(setting => setting.Quality == quality);
            if (tabqCount != 1)
                throw split.Field("tabq").Error($"one setting for {quality}", $"{tabqCount}");
        }
    }

    private static CalibratedStep ReadStep(JsonField step)
    {
        var name = step.Field("transform");
        if (!RateDistortionTransforms.TryParse(name.Text(), out var transform))
            throw name.Error($"one of {string.Join(", ", RateDistortionTransforms.Names)}");
        var relativeStep = step.Field("relative_step").Number(float.NaN, RateDistortionOptions.RelativeStepMin, RateDistortionOptions.RelativeStepMax);
        if (float.IsNaN(relativeStep))
            throw step.Field("relative_step").Error("a number");
        return new CalibratedStep(
            ReadQuality(step), new RateDistortionOptions(relativeStep, transform),
            Percent(step, "rise_percent"), Percent(step, "standard_error_percent"), Percent(step, "elsewhere_percent"));
    }

    private static CalibratedTabq ReadTabq(JsonField setting)
    {
        var (bitsMax, bitsMin) = (setting.Field("bits_max"), setting.Field("bits_min"));
        var most = bitsMax.Integer(TabqOptions.BitsLowest, TabqOptions.BitsHighest);
        // By way of decimal, which has the digits that the float was written with.
        var tabq = new TabqOptions(
            Threshold.Parse(setting.Field("threshold").Text(), setting.Field("threshold").Place), (double)(decimal)setting.Field("distortion_tolerance").Number(0, min: 0, max: DistortionToleranceMax), most,
            bitsMin.Integer(TabqOptions.BitsLowest, most));
        return new CalibratedTabq(
            ReadQuality(setting), tabq,
            Percent(setting, "rise_percent"), Percent(setting, "standard_error_percent"), Percent(setting, "elsewhere_percent"),
            Rounded(setting.Field("bytes_per_token").Number(0, min: 0)));
    }

    private static QualityTarget ReadQuality(JsonField entry)
    {
        var field = entry.Field("quality");
        var quality = field.Text();
        return QualityTarget.All.FirstOrDefault(target => $"{target}" == quality) is { RisePercent: > 0 } found
            ? found
            : throw field.Error($"one of {string.Join(", ", QualityTarget.All)}");
    }

    private static double Percent(JsonField entry, string name)
    {
        var percent = entry.Field(name).Number(float.NaN, float.MinValue);
        return float.IsNaN(percent) ? throw entry.Field(name).Error("a number") : Rounded(percent);
    }

    /// <summary>To the decimals that were written, without those that float32 adds.</summary>
    private static double Rounded(float value) => Math.Round(value, CalibrationFormat.Decimals);

    private SplitTensors ReadTensors(int splitLayer)
    {
        var mean = Floats(CalibrationFormat.Mean(splitLayer), -float.MaxValue, float.MaxValue);
        var deviation = Deviation(CalibrationFormat.Deviation(splitLayer));
        var basis = _file.Tensors.ContainsKey(CalibrationFormat.Basis(splitLayer))
            ? Basis(CalibrationFormat.Basis(splitLayer), CalibrationFormat.BasisDeviation(splitLayer))
            : null;
        var prediction = _file.Tensors.ContainsKey(CalibrationFormat.PredictionCodes(splitLayer)) ? Prediction(splitLayer) : null;
        return new SplitTensors(mean, deviation, basis, prediction);
    }

    private EmbeddingPrediction Prediction(int splitLayer)
    {
        var codes = Get(CalibrationFormat.PredictionCodes(splitLayer), TensorType.I8, _width, _width);
        return new EmbeddingPrediction(
            MemoryMarshal.Cast<byte, sbyte>(codes.Bytes).ToArray(),
            Floats(CalibrationFormat.PredictionScale(splitLayer), 0, float.MaxValue),
            Floats(CalibrationFormat.PredictionBias(splitLayer), -float.MaxValue, float.MaxValue),
            Basis(CalibrationFormat.ResidualBasis(splitLayer), CalibrationFormat.ResidualDeviation(splitLayer)));
    }

    private KarhunenLoeveBasis Basis(string vectors, string deviation)
    {
        var tensor = Get(vectors, TensorType.F16, _width, _width);
        tensor.EnsureFinite();
        return new KarhunenLoeveBasis(MemoryMarshal.Cast<byte, ushort>(tensor.Bytes).ToArray(), Deviation(deviation));
    }

    private float[] Deviation(string name) => Floats(name, float.Epsilon, DeviationMax);

    /// <summary>[d] All within the range, and so none NaN.</summary>
    private float[] Floats(string name, float min, float max)
    {
        var tensor = Get(name, TensorType.F32, _width);
        var values = new float[_width];
        tensor.CopyTo(values);
        var wrong = Array.FindIndex(values, value => !(value >= min && value <= max));
        return wrong < 0 ? values : throw CheckpointError.At($"{tensor.Info.Place}, element {wrong}", $"{min} to {max}", $"{values[wrong]}", CalibrateAgain);
    }

    private Tensor Get(string name, TensorType type, params ReadOnlySpan<int> shape)
    {
        var tensor = _file.GetTensor(name, shape);
        return tensor.Type == type ? tensor : throw CheckpointError.At($"{tensor.Info.Place}, dtype", $"{type}", tensor.Info.TypeName, CalibrateAgain);
    }
}
