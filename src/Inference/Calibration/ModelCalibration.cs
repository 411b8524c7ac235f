using System.Security.Cryptography;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// The calibration of a model: settings and statistics of its splits, from the file that <c>splitactors calibrate</c> writes (docs/calibration.md). It does
/// not take part in the model's digest: a model runs without one.
/// </summary>
public sealed class ModelCalibration
{
    public const string FileName = "calibration.safetensors";

    /// <summary>Of a calibration file: a model of 126 layers and 16,384 values per token stays below a tenth with column statistics alone.</summary>
    public const long FileBytesMax = 1L << 36;

    private readonly Dictionary<int, SplitCalibration> _splits;

    private ModelCalibration(string path, ulong id, CalibrationSummary summary, Dictionary<int, SplitCalibration> splits) =>
        (Path, Id, Summary, _splits) = (path, id, summary, splits);

    public string Path { get; }

    /// <summary>The first 8 bytes of the file's SHA-256, little-endian.</summary>
    public ulong Id { get; }

    /// <summary>What it was made of.</summary>
    public CalibrationSummary Summary { get; }

    /// <summary>By split layer, ascending.</summary>
    public IEnumerable<SplitCalibration> Splits => _splits.Values.OrderBy(split => split.SplitLayer);

    /// <summary>The calibration in the model's folder; null if there is none.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="splitLayer">Reads this split alone; null reads all.</param>
    /// <exception cref="UserErrorException">The file is damaged, or made for another model.</exception>
    public static ModelCalibration? TryOpen(Checkpoint checkpoint, int? splitLayer = null)
    {
        var path = System.IO.Path.Combine(checkpoint.Folder, FileName);
        if (!File.Exists(path))
            return null;
        checkpoint.Checksums?.Verify(FileName);
        return Open(path, checkpoint, splitLayer);
    }

    /// <param name="path">Of a calibration file.</param>
    /// <param name="checkpoint">The model that it was made for.</param>
    /// <param name="splitLayer">Reads this split alone; null reads all.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged, or made for another model.</exception>
    public static ModelCalibration Open(string path, Checkpoint checkpoint, int? splitLayer = null)
    {
        var id = 0UL;
        var (summary, splits) = Read(path, checkpoint, reader =>
        {
            id = IdOf(path);
            return reader.Splits(id, splitLayer).ToDictionary(split => split.Settings.SplitLayer, split => split.Settings);
        });
        return new ModelCalibration(path, id, summary, splits);
    }

    /// <summary>What a reader finds in a file; it is valid until <paramref name="read"/> returns.</summary>
    /// <exception cref="UserErrorException">The file is missing, damaged, or made for another model.</exception>
    internal static (CalibrationSummary Summary, T Result) Read<T>(string path, Checkpoint checkpoint, Func<CalibrationReader, T> read)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            if (file.Length > FileBytesMax)
                throw CheckpointError.At(path, $"at most {FileBytesMax} bytes", $"{file.Length} bytes");
            var reader = new CalibrationReader(file, checkpoint);
            return (reader.Summary, read(reader));
        }
        catch (UserErrorException e) when (e.InnerException is not (IOException or UnauthorizedAccessException))
        {
            throw e.WithNextStep(CalibrationReader.CalibrateAgain); // nobody can download what this user made
        }
    }

    /// <summary>Null if the split was not calibrated.</summary>
    public SplitCalibration? For(int splitLayer) => _splits.GetValueOrDefault(splitLayer);

    private static ulong IdOf(string path) => CheckpointFile.Open(path, p =>
    {
        using var stream = File.OpenRead(p);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(stream));
    });
}

/// <summary>What a calibration was made of.</summary>
/// <param name="ModelDigest">Of the model, 64 hexadecimal digits.</param>
/// <param name="TextDigest">SHA-256 of the text, 64 hexadecimal digits.</param>
/// <param name="StatisticsTokens">Tokens behind means and eigenvectors.</param>
/// <param name="QualityTokens">Tokens behind the rises of perplexity.</param>
public sealed record CalibrationSummary(string ModelDigest, string TextDigest, int StatisticsTokens, int QualityTokens);
