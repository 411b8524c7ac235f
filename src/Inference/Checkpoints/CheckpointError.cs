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
}
