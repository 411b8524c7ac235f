using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>Messages about checkpoint files, all of <see cref="UserErrorKind.Checkpoint"/>.</summary>
internal static class CheckpointError
{
    public const string DownloadAgain = "The file is damaged or incomplete: download it again.";

    public static UserErrorException At(
        string place, string expected, string found, string nextStep = DownloadAgain, Exception? cause = null) =>
        new(UserErrorKind.Checkpoint, place, expected, found, nextStep, cause);

    public static string TensorPlace(string file, string tensor) => $"{file}, tensor '{ShownText.Of(tensor)}'";
}
