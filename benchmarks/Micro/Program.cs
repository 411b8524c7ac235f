using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using SplitActors.Micro.Throughput;
using SplitActors.Tests.Shared;

var config = ManualConfig.Create(DefaultConfig.Instance)
    .WithArtifactsPath(Repository.PathTo("artifacts", "micro"))
    .AddColumn(new ThroughputColumn("GB/s", benchmark => benchmark.ByteCount))
    .AddColumn(new ThroughputColumn("GFLOP/s", benchmark => benchmark.OperationCount));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
