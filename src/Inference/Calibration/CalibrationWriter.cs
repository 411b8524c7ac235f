using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// Writes a calibration file, whole or not at all: beside its place first. The file there is created at once, since a calibration takes hours; unless it was
/// written, disposing removes it.
/// </summary>
internal sealed class CalibrationWriter : IDisposable
{
    private readonly string _path;
    private readonly string _unfinished;
    private readonly FileStream _stream;
    private bool _isWritten;

    /// <param name="path">Replaced, if it is there, when <see cref="Write"/> ends.</param>
    /// <exception cref="UserErrorException">The place cannot be written.</exception>
    public CalibrationWriter(string path)
    {
        (_path, _unfinished) = (path, path + ".unfinished");
        if (Directory.Exists(path))
            throw Unwritable("a folder", cause: null);
        try
        {
            _stream = new FileStream(_unfinished, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e.Message.TrimEnd('.'), e);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_isWritten)
            File.Delete(_unfinished);
    }

    /// <param name="summary">What the calibration was made of.</param>
    /// <param name="splits">Tensors and settings of each split.</param>
    /// <exception cref="UserErrorException">The place cannot be written.</exception>
    public void Write(CalibrationSummary summary, IReadOnlyList<(SplitTensors Tensors, SplitCalibration Settings)> splits)
    {
        var tensors = splits.SelectMany(split => TensorsOf(split.Settings.SplitLayer, split.Tensors)).ToList();
        try
        {
            _stream.Write(SafetensorsHeaderWriter.ToBytes(tensors.Select(tensor => tensor.Planned), (CalibrationFormat.MetadataName, ToJson(summary, splits))));
            foreach (var tensor in tensors)
                _stream.Write(tensor.Bytes.Span);
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            File.Move(_unfinished, _path, overwrite: true);
            _isWritten = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e.Message.TrimEnd('.'), e);
        }
    }

    private UserErrorException Unwritable(string found, Exception? cause) =>
        new(UserErrorKind.Output, _path, "a place to write to", found, "Free some space, or name another file.", cause);

    private static IEnumerable<(PlannedTensor Planned, ReadOnlyMemory<byte> Bytes)> TensorsOf(int layer, SplitTensors tensors)
    {
        yield return Plan(CalibrationFormat.Mean(layer), TensorType.F32, tensors.Mean);
        yield return Plan(CalibrationFormat.Deviation(layer), TensorType.F32, tensors.Deviation);
        if (tensors.KarhunenLoeve is { } basis)
        {
            yield return Plan(CalibrationFormat.Basis(layer), TensorType.F16, basis.Vectors);
            yield return Plan(CalibrationFormat.BasisDeviation(layer), TensorType.F32, basis.Deviation);
        }

        if (tensors.Prediction is not { } prediction)
            yield break;
        yield return Plan(CalibrationFormat.PredictionCodes(layer), TensorType.I8, prediction.Codes);
        yield return Plan(CalibrationFormat.PredictionScale(layer), TensorType.F32, prediction.Scale);
        yield return Plan(CalibrationFormat.PredictionBias(layer), TensorType.F32, prediction.Bias);
        yield return Plan(CalibrationFormat.ResidualBasis(layer), TensorType.F16, prediction.Residual.Vectors);
        yield return Plan(CalibrationFormat.ResidualDeviation(layer), TensorType.F32, prediction.Residual.Deviation);

        (PlannedTensor, ReadOnlyMemory<byte>) Plan<T>(string name, TensorType type, T[] values)
            where T : struct
        {
            var bytes = MemoryMarshal.AsBytes<T>(values).ToArray();
            int[] shape = values.Length == tensors.Mean.Length ? [values.Length] : [tensors.Mean.Length, tensors.Mean.Length];
            return (new PlannedTensor(name, type, shape, bytes.Length), bytes);
        }
    }

    private static string ToJson(CalibrationSummary summary, IReadOnlyList<(SplitTensors Tensors, SplitCalibration Settings)> splits) => new JsonObject
    {
        ["version"] = CalibrationFormat.Version,
        ["model_digest"] = summary.ModelDigest,
        ["text_digest"] = summary.TextDigest,
        ["statistics_tokens"] = summary.StatisticsTokens,
        ["quality_tokens"] = summary.QualityTokens,
        ["splits"] = new JsonArray([.. splits.Select(split => ToJson(split.Settings))]),
    }.ToJsonString();

    private static JsonObject ToJson(SplitCalibration split) => new JsonObject
    {
        ["split_layer"] = split.SplitLayer,
        ["rate_distortion"] = new JsonArray([.. split.Steps.Select(ToJson)]),
        ["tabq"] = new JsonArray([.. split.Tabq.Select(ToJson)]),
    };

    private static JsonObject ToJson(CalibratedStep step) => new JsonObject
    {
        ["quality"] = $"{step.Quality}",
        ["transform"] = step.RateDistortion.Transform.Name(),
        ["relative_step"] = Exact(step.RateDistortion.RelativeStep),
        ["rise_percent"] = Rounded(step.RisePercent),
        ["standard_error_percent"] = Rounded(step.StandardErrorPercent),
        ["elsewhere_percent"] = Rounded(step.ElsewherePercent),
    };

    private static JsonObject ToJson(CalibratedTabq setting) => new JsonObject
    {
        ["quality"] = $"{setting.Quality}",
        ["threshold"] = $"{setting.Tabq.Threshold}",
        ["distortion_tolerance"] = setting.Tabq.DistortionTolerance,
        ["bits_max"] = setting.Tabq.BitsMax,
        ["bits_min"] = setting.Tabq.BitsMin,
        ["rise_percent"] = Rounded(setting.RisePercent),
        ["standard_error_percent"] = Rounded(setting.StandardErrorPercent),
        ["elsewhere_percent"] = Rounded(setting.ElsewherePercent),
        ["bytes_per_token"] = Rounded(setting.BytesPerToken),
    };

    private static double Exact(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static double Rounded(double value) => Math.Round(value, CalibrationFormat.Decimals);
}
