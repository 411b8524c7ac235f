using System.Globalization;

namespace SplitActors.Hosts.Planning;

/// <summary>What the processor keeps near.</summary>
internal static class ProcessorCache
{
    private const string LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";

    /// <summary>Bytes of the largest cache that the first processor has a share in; 0 if the system does not tell.</summary>
    public static long LastLevelBytes
    {
        get
        {
            try
            {
                return OperatingSystem.IsLinux() && Directory.Exists(LinuxCaches)
                    ? Directory.GetDirectories(LinuxCaches, "index*").Select(BytesOf).DefaultIfEmpty(0).Max()
                    : 0;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <summary>A file such as "32768K".</summary>
    private static long BytesOf(string folder)
    {
        var path = Path.Combine(folder, "size");
        var text = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        var (digits, unit) = text switch
        {
            [.. var head, 'K'] => (head, 1L << 10),
            [.. var head, 'M'] => (head, 1L << 20),
            _ => (text, 1L),
        };
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size * unit : 0;
    }
}
