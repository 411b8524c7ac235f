namespace SplitActors.Hosts.Cli;

/// <summary>Says on standard error, where a person watches, how far a run is; ends it by an exception when it is interrupted.</summary>
/// <param name="clock">Estimates what is left.</param>
/// <param name="what">Is done.</param>
/// <param name="isEnabled">Whether anything is shown.</param>
/// <param name="cancellation">Interrupts it.</param>
internal sealed class ProgressLine(TimeProvider clock, string what, bool isEnabled, CancellationToken cancellation) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    private readonly bool _isShown = isEnabled && !Console.IsErrorRedirected;
    private readonly long _start = clock.GetTimestamp();
    private readonly Lock _writing = new();
    private TimeSpan _shownAt = TimeSpan.MinValue;
    private int _length;

    /// <param name="share">That is done.</param>
    /// <param name="done">Is being done.</param>
    public void Report(double share, string done)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_writing)
        {
            var elapsed = clock.GetElapsedTime(_start);
            if (!_isShown || elapsed - Period < _shownAt)
                return;
            _shownAt = elapsed;
            var left = share > 0 ? $", {Math.Ceiling((elapsed * ((1 - share) / share)).TotalSeconds)} s left" : "";
            Write($"{what}: {done}{left}");
        }
    }

    public void Dispose()
    {
        if (_length > 0)
            Write("");
    }

    private void Write(string text)
    {
        Console.Error.Write($"\r{text.PadRight(_length)}{(text.Length == 0 ? "\r" : "")}");
        _length = text.Length;
    }
}
