namespace SplitActors.Hosts.Planning;

/// <summary>Where measurements are kept.</summary>
internal static class CacheFolder
{
    /// <summary>As the XDG Base Directory Specification has it.</summary>
    public static string Default => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder && Path.IsPathRooted(folder)
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "splitactors");
}
