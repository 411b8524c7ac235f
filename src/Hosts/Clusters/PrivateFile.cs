using System.Text;

namespace SplitActors.Hosts.Clusters;

/// <summary>A file with a secret in it: nobody but its owner may read it, from its first byte on.</summary>
internal static class PrivateFile
{
    /// <summary>In the place of what is there.</summary>
    public static void Write(string path, string text)
    {
        File.Delete(path); // its mode would stay
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
    }
}
