using SplitActors.Hosts.Cli;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class LoadingLineTests
{
    [Fact]
    public void Report_AfterAnInterruption_EndsLoading()
    {
        using var interruption = new CancellationTokenSource();
        using var loading = new LoadingLine(isEnabled: false, interruption.Token);
        var layers = loading.Layers("device");
        loading.Report(new ChecksumProgress("model.safetensors", 1, 2));
        layers.Report(new LoadProgress(1, 2));

        interruption.Cancel();

        Assert.Throws<OperationCanceledException>(() => loading.Report(new ChecksumProgress("model.safetensors", 2, 2)));
        Assert.Throws<OperationCanceledException>(() => layers.Report(new LoadProgress(2, 2)));
    }
}
