using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SplitActors.Hosts.Tests.Processes;

/// <summary>A process that has started. One that does not end in time is killed and fails its test.</summary>
internal sealed class RunningProcess : IDisposable
{
    private readonly Process _process;
    private readonly TimeSpan _timeLimit;
    private readonly CancellationTokenSource _deadline;
    private readonly MemoryStream _output = new();
    private readonly Task<string> _error;
    private readonly Task _input;
    private bool _isOutputClosed;

    public RunningProcess(Process process, byte[] input, TimeSpan timeLimit)
    {
        (_process, _timeLimit, _deadline) = (process, timeLimit, new CancellationTokenSource(timeLimit));
        _error = process.StandardError.ReadToEndAsync(_deadline.Token);
        _input = WriteInputAsync(input);
    }

    /// <summary>Waits for output and returns what one read gives; empty at its end.</summary>
    public async Task<byte[]> ReadOutputAsync()
    {
        var buffer = new byte[1 << 16]; // a pipe holds no more, so one read takes all that was written so far
        var count = await _process.StandardOutput.BaseStream.ReadAsync(buffer, _deadline.Token);
        _output.Write(buffer, 0, count);
        return buffer[..count];
    }

    /// <summary>The reader goes away.</summary>
    public void CloseOutput()
    {
        _isOutputClosed = true;
        _process.StandardOutput.Close();
    }

    /// <param name="signal">Its name without SIG, such as INT.</param>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {_process.Id.ToString(CultureInfo.InvariantCulture)}"]);
        await kill.WaitForExitAsync(_deadline.Token);
    }

    /// <summary>Reads both outputs to their ends.</summary>
    public async Task<ProcessResult> WaitAsync()
    {
        try
        {
            while (!_isOutputClosed && (await ReadOutputAsync()).Length > 0)
            {
            }

            await _input;
            var error = await _error;
            await _process.WaitForExitAsync(_deadline.Token);
            return new ProcessResult(_process.ExitCode, _output.ToArray(), error);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The process did not end within {_timeLimit.TotalSeconds} s. Output: {Encoding.UTF8.GetString(_output.ToArray())}", e);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _deadline.Dispose();
    }

    private async Task WriteInputAsync(byte[] input)
    {
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(input, _deadline.Token);
            _process.StandardInput.Close();
        }
        catch (IOException) // a process need not read its input
        {
        }
    }
}
