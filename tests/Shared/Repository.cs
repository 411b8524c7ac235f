namespace SplitActors.Tests.Shared;

/// <summary>Finds files of the repository from wherever the test assembly runs.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Quill => Path.Combine(Root, "models", "quill");

    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SplitActors.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"SplitActors.sln is in no folder above {AppContext.BaseDirectory}.");
    }
}
