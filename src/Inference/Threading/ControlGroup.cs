using System.Globalization;

namespace SplitActors.Inference.Threading;

/// <summary>
/// The limits that Linux sets to a process by control groups, of version 2 (cpu.max) and version 1 (cpu.cfs_quota_us): of its own group and of all above it, of
/// which the lowest counts. In a container those of its root are the highest that can be seen.
/// </summary>
/// <remarks>See cgroups(7), proc_pid_cgroup(5) and proc_pid_mountinfo(5).</remarks>
internal static class ControlGroup
{
    private const string Version1 = "cgroup";
    private const string Version2 = "cgroup2";
    private const string Controller = "cpu";

    /// <summary>Processors whose time the process may use; +∞ if there is no limit, or none that can be read.</summary>
    /// <param name="root">Of the file system.</param>
    public static double Quota(string root)
    {
        try
        {
            var groups = File.ReadAllLines(Path.Combine(root, "proc/self/cgroup"));
            return File.ReadLines(Path.Combine(root, "proc/self/mountinfo")).Select(mount => QuotaBelow(root, mount, groups)).DefaultIfEmpty(double.PositiveInfinity).Min();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return double.PositiveInfinity;
        }
    }

    /// <param name="root">Of the file system.</param>
    /// <param name="mount">Such as <c>31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw</c>: after the device, which group is mounted and where.</param>
    /// <param name="groups">Such as <c>0::/a/b</c> or <c>3:cpu,cpuacct:/a/b</c>.</param>
    private static double QuotaBelow(string root, string mount, string[] groups)
    {
        if (mount.Split(" - ") is not [var place, var kind] || place.Split(' ') is not [_, _, _, var mounted, var point, ..])
            return double.PositiveInfinity;
        var own = kind.Split(' ') switch
        {
            [Version2, ..] => groups.Select(group => group.Split(':', 3)).FirstOrDefault(group => group is ["0", "", _]),
            [Version1, _, var options, ..] when options.Split(',').Contains(Controller) =>
                groups.Select(group => group.Split(':', 3)).FirstOrDefault(group => group is [_, var controllers, _] && controllers.Split(',').Contains(Controller)),
            _ => null,
        };
        if (own is not [_, _, var path])
            return double.PositiveInfinity;

        var top = Path.Combine(root, point.TrimStart('/'));
        var quota = QuotaOf(top);
        foreach (var name in NamesBelow(mounted, path))
        {
            top = Path.Combine(top, name);
            quota = Math.Min(quota, QuotaOf(top));
        }

        return quota;
    }

    /// <summary>The way from the group that is mounted to the process's; none if that cannot be seen from here.</summary>
    private static string[] NamesBelow(string mounted, string path)
    {
        var (above, names) = (mounted.Split('/', StringSplitOptions.RemoveEmptyEntries), path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        return names.Contains("..") || !names.AsSpan().StartsWith(above) ? [] : names[above.Length..];
    }

    private static double QuotaOf(string folder)
    {
        var (quota, period) = Read(folder, "cpu.max") is { } max
            ? max.Split(' ') is [var first, var second] ? (first, second) : (null, null)
            : (Read(folder, "cpu.cfs_quota_us"), Read(folder, "cpu.cfs_period_us"));
        return Parse(quota) is > 0 and var time && Parse(period) is > 0 and var length ? (double)time / length : double.PositiveInfinity;
    }

    /// <summary>Null for "max" and for −1, which mean no limit, too.</summary>
    private static long? Parse(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Read(string folder, string file) => File.Exists(Path.Combine(folder, file)) ? File.ReadAllText(Path.Combine(folder, file)).Trim() : null;
}
