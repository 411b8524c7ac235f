namespace SplitActors.Inference.Tests.Threading;

/// <summary>The threads of this process, as proc(5) lists them.</summary>
internal static class LinuxThreads
{
    private const string Tasks = "/proc/self/task";

    /// <returns>'S' for a thread that sleeps, 'R' for one that runs or could; null for none of this name.</returns>
    public static char? StateOf(string name)
    {
        foreach (var task in Directory.GetDirectories(Tasks))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == name)
                    return File.ReadAllText(Path.Combine(task, "stat")).Split(") ")[1][0]; // "7 (compute 1) S …"
            }
            catch (IOException)
            {
                // It has ended since it was listed.
            }
        }

        return null;
    }
}
