using SplitActors.Hosts.Serving;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>What commands that serve until they are asked to end have in common.</summary>
internal sealed class Node
{
    private readonly Interruption _interruption;

    private Node(Interruption interruption, NodeLog log, LoadingLine loading) => (_interruption, Log, Loading) = (interruption, log, loading);

    public NodeLog Log { get; }

    public LoadingLine Loading { get; }

    /// <summary>The process was asked to end.</summary>
    public CancellationToken Cancellation => _interruption.Token;

    /// <param name="settings">With those that all such commands have.</param>
    /// <param name="folders">Of the models; none: the embedded one.</param>
    /// <param name="threadCount">That compute.</param>
    /// <param name="serve">Starts the actors and returns when they have ended: whether they were asked to.</param>
    /// <returns>The exit code: a process that was asked to end while it served, and did, has succeeded.</returns>
    public static async Task<int> RunAsync(SettingReader settings, IReadOnlyList<string> folders, int threadCount, Func<NodeRuntime, IReadOnlyList<Checkpoint>, Node, Task<bool>> serve)
    {
        var log = new NodeLog(settings.IsOn(NodeSettings.Json), TimeProvider.System);
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !settings.IsOn(NodeSettings.Json), interruption.Token);
        var models = new List<Checkpoint>();
        try
        {
            foreach (var folder in folders.DefaultIfEmpty(EmbeddedModel.Folder))
                models.Add(ModelFolder.Open(folder, loading));
            await using var runtime = new NodeRuntime(threadCount, TimeProvider.System, log.Warn);
            return await serve(runtime, models, new Node(interruption, log, loading)) ? ExitCode.Success : ExitCode.Failure;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // before it served
        }
        finally
        {
            models.ForEach(model => model.Dispose());
        }
    }

    /// <summary>Of a process with one model.</summary>
    public static IReadOnlyList<string> ModelOf(SettingReader settings) => settings.Text(RunSettings.Model) is { } folder ? [folder] : [];

    /// <summary>Waits until the process is asked to end, or an actor that should not ends by itself.</summary>
    /// <returns>Whether it was asked to.</returns>
    public async Task<bool> ServeAsync(Task ended)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = Cancellation.Register(asked.SetResult);
        await Task.WhenAny(ended, asked.Task);
        return Cancellation.IsCancellationRequested;
    }
}
