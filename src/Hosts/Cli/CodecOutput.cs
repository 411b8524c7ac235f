using System.Text;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>The files of <c>splitactors codec measure</c>.</summary>
internal static class CodecOutput
{
    /// <exception cref="UserErrorException">It cannot be made.</exception>
    public static void CreateFolder(string folder) => Guard(folder, "a folder to write to", () => Directory.CreateDirectory(folder));

    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void Write(string path, string text) =>
        Guard(path, "a file that can be written", () => OutputFile.Write(path, Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether a file can be written there, before anything is measured for it. What is there stays as it is.</summary>
    /// <exception cref="UserErrorException">It cannot.</exception>
    public static void CheckPlace(string path) => Guard(path, "a file that can be written", () => OutputFile.Check(path));

    /// <summary>Two files for each split and codec that writes frames.</summary>
    /// <exception cref="UserErrorException">A file cannot be written.</exception>
    public static void SaveFrames(string folder, IEnumerable<CodecMeasurement> measurements)
    {
        foreach (var measurement in measurements.Where(measurement => !measurement.SampleFrame.IsEmpty))
        {
            var name = $"split{measurement.SplitLayer}.{measurement.Codec.Replace(':', '_')}";
            Save($"{name}.prefill.frame", measurement.SampleFrame);
            Save($"{name}.token.frame", measurement.SampleTokenFrame);
        }

        void Save(string name, ReadOnlyMemory<byte> frame)
        {
            var path = Path.Combine(folder, name);
            Guard(path, "a file that can be written", () => OutputFile.Write(path, frame.Span));
        }
    }

    private static void Guard(string path, string expected, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (FileFault.Is(e))
        {
            throw new UserErrorException(UserErrorKind.Output, path, expected, FileFault.Describe(e), "Name another place, or free this one.", e);
        }
    }
}
