namespace SplitActors.Micro.Throughput;

/// <summary>
/// What one call of each of a class's benchmarks does, from its parameters alone: known before its setup has run.
/// </summary>
public interface IMeasuredWork
{
    /// <summary>Bytes that it must read and write, each once.</summary>
    long ByteCount { get; }

    /// <summary>Multiplications and additions; 0 where that is not what limits it.</summary>
    long OperationCount => 0;
}
