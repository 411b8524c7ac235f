namespace SplitActors.Inference.Threading;

/// <summary>What of a machine's processors a process may use.</summary>
/// <param name="ProcessorCount">Those that its threads may run on; a quota is rounded up.</param>
/// <param name="Quota">Processors whose time it may use, such as 1.5; +∞ without a limit.</param>
internal readonly record struct ProcessorShare(int ProcessorCount, double Quota)
{
    public static ProcessorShare OfThisProcess => new(Environment.ProcessorCount, OperatingSystem.IsLinux() ? ControlGroup.Quota("/") : double.PositiveInfinity);
}
