using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Says on standard error how far loading, quantizing or measuring is: on a terminal in one line that is overwritten, elsewhere in a line for each part that is done.
/// </summary>
/// <param name="isEnabled">Whether anything is shown.</param>
/// <param name="cancellation">Ends it at its next report, by an exception.</param>
/// <param name="warns">Whether warnings are shown even so.</param>
internal sealed class LoadingLine(bool isEnabled, CancellationToken cancellation, bool warns = true) : IProgress<ChecksumProgress>, IDisposable
{
    private const int LargeBytes = 1 << 20; // a smaller file has no line of its own

    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly Lock _writing = new();
    private readonly HashSet<string> _warnings = new(StringComparer.Ordinal);
    private int _length;

    public void Report(ChecksumProgress value) =>
        Show($"verifying {Path.GetFileName(value.File)}: {value.BytesDone >> 20} of {value.BytesTotal >> 20} MiB", value.BytesDone == value.BytesTotal && value.BytesTotal >= LargeBytes);

    /// <summary>Says what is wrong and does no harm, on a line of its own; once, however often it is noticed.</summary>
    public void Warn(string message)
    {
        if (!warns)
            return;
        lock (_writing)
        {
            if (!_warnings.Add(message))
                return;
        }

        Clear();
        Console.Error.WriteLine($"splitactors: {message}");
    }

    /// <param name="what">Whose layers are loaded.</param>
    public IProgress<LoadProgress> Layers(string what) => new LayerProgress(this, what);

    /// <summary>How far the writing of a package is, which begins now.</summary>
    /// <param name="clock">Estimates what is left.</param>
    /// <param name="what">What is done to its weights.</param>
    public IProgress<PackageProgress> Package(TimeProvider clock, string what = "quantizing") => new PackageWriting(this, clock, what);

    /// <summary>How far a calibration is, which begins now.</summary>
    /// <param name="clock">Estimates what is left.</param>
    public IProgress<CalibrationProgress> Calibration(TimeProvider clock) => new Calibrating(this, clock);

    /// <summary>This machine's speed is measured from now on.</summary>
    public void Machine() => Show("measuring this machine: a second or two", isDone: true);

    /// <summary>How many rounds of a measurement are done.</summary>
    public void Round(int roundsDone, int roundCount) => Show($"measuring: round {roundsDone} of {roundCount}", roundsDone == roundCount);

    /// <summary>How far a measurement over a text is, which begins now.</summary>
    /// <param name="clock">Estimates what is left.</param>
    public IProgress<EvaluationProgress> Measurement(TimeProvider clock) => new Measuring(this, clock);

    public void Clear()
    {
        if (_isTerminal && _length > 0)
            Write("", isDone: true);
    }

    /// <summary>A message that ends the program stands on a line of its own.</summary>
    public void Dispose() => Clear();

    private void Show(string text, bool isDone)
    {
        cancellation.ThrowIfCancellationRequested();
        Write(text, isDone);
    }

    private void Write(string text, bool isDone)
    {
        if (!isEnabled || (!_isTerminal && !isDone))
            return;
        lock (_writing)
        {
            Console.Error.Write(_isTerminal ? $"\r{text.PadRight(_length)}{(text.Length == 0 ? "\r" : "")}" : $"{text}\n");
            _length = text.Length;
        }
    }

    private sealed class LayerProgress(LoadingLine line, string what) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) =>
            line.Show($"loading the {what}: {value.LayersLoaded} of {value.LayerCount} layers", value.LayersLoaded == value.LayerCount);
    }

    private sealed class PackageWriting(LoadingLine line, TimeProvider clock, string what) : IProgress<PackageProgress>
    {
        private readonly long _start = clock.GetTimestamp();

        public void Report(PackageProgress value)
        {
            var isDone = value.TensorsDone == value.TensorCount;
            var remaining = clock.GetElapsedTime(_start) * ((value.BytesTotal - value.BytesDone) / Math.Max(1.0, value.BytesDone));
            var left = isDone ? "" : $", {Math.Ceiling(remaining.TotalSeconds)} s left";
            line.Show($"{what}: {value.TensorsDone} of {value.TensorCount} tensors, {value.BytesDone >> 20} of {value.BytesTotal >> 20} MiB{left}", isDone);
        }
    }

    private sealed class Measuring(LoadingLine line, TimeProvider clock) : IProgress<EvaluationProgress>
    {
        private readonly long _start = clock.GetTimestamp();

        public void Report(EvaluationProgress value)
        {
            var isDone = value.TokensDone == value.TokenCount;
            var remaining = clock.GetElapsedTime(_start) * ((1 - value.ShareDone) / Math.Max(1e-3, value.ShareDone));
            var left = isDone || value.ShareDone == 0 ? "" : $", {Math.Ceiling(remaining.TotalSeconds)} s left";
            line.Show($"measuring: {value.ShareDone * value.TokenCount:N0} of {value.TokenCount:N0} tokens{left}", isDone);
        }
    }

    private sealed class Calibrating(LoadingLine line, TimeProvider clock) : IProgress<CalibrationProgress>
    {
        private readonly long _start = clock.GetTimestamp();

        public void Report(CalibrationProgress value)
        {
            var remaining = clock.GetElapsedTime(_start) * ((1 - value.ShareDone) / Math.Max(value.ShareDone, 0.001));
            var left = value.IsDone ? "" : $", {Math.Ceiling(remaining.TotalSeconds)} s left";
            line.Show($"calibrating, {value.Work}: {value.ShareDone * 100:F0} %{left}", value.IsDone);
        }
    }
}
