namespace SplitActors.Inference.Checkpoints;

/// <summary>Messages about checkpoint files, all of <see cref="UserErrorKind.Checkpoint"/>.</summary>
internal static class CheckpointError
{
    public const string DownloadAgain = "The file is damaged or incomplete: download it again.";

    private const int ShownCharsMax = 80;

    public static UserErrorException At(
        string place, string expected, string found, string nextStep = DownloadAgain, Exception? cause = null) =>
        new(UserErrorKind.Checkpoint, place, expected, found, nextStep, cause);

    public static string TensorPlace(string file, string tensor) => $"{file}, tensor '{Shown(tensor)}'";

    /// <summary>Text from a file, made fit for one line of a message: short, and without control characters.</summary>
    public static string Shown(string text)
    {
        var start = text.Length <= ShownCharsMax ? text : text[..ShownCharsMax] + "…";
        return string.Concat(start.Select(c => char.IsControl(c) ? '�' : c));
    }

    /// <summary>Runs an operation on a file and turns what the operating system refuses into a message that names the file.</summary>
    public static T Reading<T>(string path, Func<string, T> operation)
    {
        try
        {
            return operation(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw At(path, "a file", "nothing", "Download the file, or correct the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw At(path, "a readable file", $"an error of the operating system ({e.Message})", "Check the file and its permissions.", e);
        }
    }
}
