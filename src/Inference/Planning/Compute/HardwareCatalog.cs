namespace SplitActors.Inference.Planning.Compute;

/// <summary>Machines by name. docs/planning.md has the source of each figure. All compute on their processors: there is no GPU in these figures.</summary>
public static class HardwareCatalog
{
    private const double Giga = 1e9;

    private static readonly HardwareFigures[] Machines =
    [
        // cores × GHz × multiplications per cycle: of int8 by SDOT or VNNI, of float32 by FMA.
        Machine("pi4", cores: 4, gigahertz: 1.8, int8PerCycle: 8, floatPerCycle: 4, gigabytesPerSecond: 12.8),
        Machine("pi5", cores: 4, gigahertz: 2.4, int8PerCycle: 32, floatPerCycle: 8, gigabytesPerSecond: 17.1),
        Machine("jetson-nx", cores: 6, gigahertz: 1.4, int8PerCycle: 16, floatPerCycle: 8, gigabytesPerSecond: 59.7),
        Machine("orin-nx", cores: 8, gigahertz: 2.0, int8PerCycle: 32, floatPerCycle: 8, gigabytesPerSecond: 102.4),
        Machine("laptop", cores: 4, gigahertz: 2.4, int8PerCycle: 64, floatPerCycle: 16, gigabytesPerSecond: 51.2),
        Machine("server", cores: 32, gigahertz: 3.25, int8PerCycle: 64, floatPerCycle: 16, gigabytesPerSecond: 460.8),
    ];

    /// <summary>Weakest first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Machines.Select(machine => machine.Name)];

    /// <summary>Null if no machine has this name.</summary>
    public static HardwareFigures? Find(string name) => Array.Find(Machines, machine => machine.Name == name);

    private static HardwareFigures Machine(string name, int cores, double gigahertz, double int8PerCycle, double floatPerCycle, double gigabytesPerSecond) => new(
        name, cores, gigabytesPerSecond * Giga, cores * gigahertz * Giga * int8PerCycle, cores * gigahertz * Giga * floatPerCycle);
}
