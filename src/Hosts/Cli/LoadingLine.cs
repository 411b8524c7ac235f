using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Cli;

/// <summary>One line on standard error that says how far loading is; only on a terminal.</summary>
internal sealed class LoadingLine(bool isEnabled) : IProgress<ChecksumProgress>
{
    private readonly bool _isShown = isEnabled && !Console.IsErrorRedirected;
    private int _length;

    public void Report(ChecksumProgress value) =>
        Show($"verifying {Path.GetFileName(value.File)}: {value.BytesDone >> 20} of {value.BytesTotal >> 20} MiB");

    /// <param name="what">Whose layers are loaded.</param>
    public IProgress<LoadProgress> Layers(string what) => new LayerProgress(this, what);

    public void Clear() => Show("");

    private void Show(string text)
    {
        if (!_isShown)
            return;
        lock (this)
        {
            Console.Error.Write($"\r{text.PadRight(_length)}{(text.Length == 0 ? "\r" : "")}");
            _length = text.Length;
        }
    }

    private sealed class LayerProgress(LoadingLine line, string what) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => line.Show($"loading the {what}: {value.LayersLoaded} of {value.LayerCount} layers");
    }
}
