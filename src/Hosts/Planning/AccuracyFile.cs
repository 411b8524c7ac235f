using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Planning.Accuracy;

namespace SplitActors.Hosts.Planning;

/// <summary>Where measured accuracies of a model lie: in a file that the user names, in the model's folder, or in the cache.</summary>
internal static class AccuracyFile
{
    public const string FileName = "accuracy.json";

    private const string Expected = "accuracies that `splitactors plan --measure-accuracy` wrote for this model";

    /// <summary>What was measured before; null if nothing was.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="named">The user's file, which must be there; null for none.</param>
    /// <param name="cacheFolder">Where measurements are kept.</param>
    /// <exception cref="UserErrorException">A file is not what it should be, or of another model.</exception>
    public static (AccuracyFigures Figures, string Path)? Find(Checkpoint checkpoint, string? named, string cacheFolder)
    {
        var digest = ModelDigest.Of(checkpoint).Hex;
        string[] places = named is not null ? [named] : [Path.Combine(checkpoint.Folder, FileName), PathInCache(digest, cacheFolder)];
        var path = named ?? Array.Find(places, File.Exists);
        if (path is null)
            return null;
        var figures = JsonDocumentFile.Read<AccuracyFigures>(path, Expected);
        return figures.ModelDigest == digest
            ? (figures, path)
            : throw new UserErrorException(UserErrorKind.Options, path, $"accuracies of the model {digest}", $"of {figures.ModelDigest}", "Measure them for this model, or remove the file.");
    }

    /// <returns>The file.</returns>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static string Write(AccuracyFigures figures, string? named, string cacheFolder)
    {
        var path = named ?? PathInCache(figures.ModelDigest, cacheFolder);
        JsonDocumentFile.Write(path, figures);
        return path;
    }

    private static string PathInCache(string digest, string cacheFolder) => Path.Combine(cacheFolder, $"accuracy-{digest[..16]}.json");
}
