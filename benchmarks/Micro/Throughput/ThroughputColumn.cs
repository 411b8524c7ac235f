using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace SplitActors.Micro.Throughput;

/// <summary>Work of one call over its mean time, in 10⁹ per second; "-" where the class states none.</summary>
internal sealed class ThroughputColumn(string unit, Func<IMeasuredWork, long> work) : IColumn
{
    public string Id => $"{nameof(ThroughputColumn)}.{unit}";

    public string ColumnName => unit;

    public string Legend => $"Work of one call in {unit}, by the mean time";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        var amount = WorkOf(benchmarkCase);
        return amount > 0 && summary[benchmarkCase]?.ResultStatistics is { } statistics ? $"{amount / statistics.Mean:F1}" : "-"; // per ns
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    private long WorkOf(BenchmarkCase benchmarkCase)
    {
        var type = benchmarkCase.Descriptor.Type;
        if (Activator.CreateInstance(type) is not IMeasuredWork instance)
            return 0;
        foreach (var parameter in benchmarkCase.Parameters.Items)
            type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);
        return work(instance);
    }
}
