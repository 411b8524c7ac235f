using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Tidy;

/// <summary>The files that people write: neither what tools make nor the model.</summary>
internal static class SourceTree
{
    private static readonly string[] MadeByTools = ["artifacts", "node_modules", "TestResults", "bin", "obj"];
    private static readonly string[] TextExtensions =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".sh", ".proto", ".txt", ".yml", ".yaml", ".html", ".css", ".js", ".py", ".xml", ".svg", ".csv", ""];

    /// <summary>Every text file, as a path from the root with '/'.</summary>
    public static IReadOnlyList<string> TextFiles { get; } = [.. Below(Repository.Root).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> CSharpFiles(params string[] folders) =>
        TextFiles.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && folders.Any(folder => file.StartsWith(folder + "/", StringComparison.Ordinal)));

    public static string Read(string file) => File.ReadAllText(Repository.PathTo(file));

    public static string[] ReadLines(string file) => File.ReadAllLines(Repository.PathTo(file));

    private static IEnumerable<string> Below(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Where(file => TextExtensions.Contains(Path.GetExtension(file), StringComparer.Ordinal)).Select(FromRoot);
        var folders = Directory.EnumerateDirectories(folder).Where(IsWrittenByPeople);
        return files.Where(file => file != ".git" && !file.StartsWith("models/", StringComparison.Ordinal)).Concat(folders.SelectMany(Below));
    }

    private static bool IsWrittenByPeople(string folder)
    {
        var name = Path.GetFileName(folder);
        return name is not (".git" or ".vs" or ".idea") && !MadeByTools.Contains(name, StringComparer.Ordinal);
    }

    private static string FromRoot(string path) => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');
}
