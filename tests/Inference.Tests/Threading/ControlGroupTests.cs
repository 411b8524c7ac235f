using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Threading;

public sealed class ControlGroupTests : IDisposable
{
    private const string Mount2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw";
    private const string Mount1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";

    private readonly string _root = Directory.CreateTempSubdirectory("cgroup").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("150000 100000", 1.5)]
    [InlineData("max 100000", double.PositiveInfinity)]
    [InlineData("50000 100000\n", 0.5)]
    [InlineData("", double.PositiveInfinity)]
    [InlineData("100000 0", double.PositiveInfinity)]
    [InlineData("nonsense 100000", double.PositiveInfinity)]
    public void Quota_OfVersion2_IsTimePerPeriod(string max, double expected)
    {
        Write("proc/self/cgroup", "0::/a");
        Write("proc/self/mountinfo", Mount2);
        Write("sys/fs/cgroup/a/cpu.max", max);
        Assert.Equal(expected, ControlGroup.Quota(_root));
    }

    [Fact]
    public void Quota_OfGroupsAbove_IsTheLowest()
    {
        Write("proc/self/cgroup", "0::/a/b/c");
        Write("proc/self/mountinfo", Mount2);
        Write("sys/fs/cgroup/a/cpu.max", "200000 100000");
        Write("sys/fs/cgroup/a/b/cpu.max", "max 100000");
        Write("sys/fs/cgroup/a/b/c/cpu.max", "300000 100000");
        Assert.Equal(2, ControlGroup.Quota(_root));
    }

    [Theory]
    [InlineData("250000", "100000", 2.5)]
    [InlineData("-1", "100000", double.PositiveInfinity)]
    public void Quota_OfVersion1_IsTimePerPeriod(string quota, string period, double expected)
    {
        Write("proc/self/cgroup", "5:memory:/m", "4:cpu,cpuacct:/a", "1:name=systemd:/s", "0::/");
        Write("proc/self/mountinfo", "30 31 0:20 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", Mount1, "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw");
        Write("sys/fs/cgroup/memory/m/cpu.cfs_quota_us", "1");
        Write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", quota);
        Write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", period);
        Assert.Equal(expected, ControlGroup.Quota(_root));
    }

    /// <summary>A container sees its own group where it is mounted, and its name from outside or from within.</summary>
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/docker/7f", "/docker/7f")]
    [InlineData("/docker/7f", "/elsewhere")]
    [InlineData("/", "/../7f")]
    public void Quota_InAContainer_IsThatOfItsRoot(string mounted, string path)
    {
        Write("proc/self/cgroup", $"0::{path}");
        Write("proc/self/mountinfo", $"31 23 0:28 {mounted} /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        Write("sys/fs/cgroup/cpu.max", "75000 50000");
        Assert.Equal(1.5, ControlGroup.Quota(_root));
    }

    [Fact]
    public void Quota_NothingToRead_IsNone() => Assert.Equal(double.PositiveInfinity, ControlGroup.Quota(_root));

    private void Write(string path, params string[] lines)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, string.Join('\n', lines));
    }
}
