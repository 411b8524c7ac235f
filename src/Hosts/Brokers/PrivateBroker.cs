using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;

namespace SplitActors.Hosts.Brokers;

/// <summary>
/// A RabbitMQ broker that belongs to this process, with the settings in a folder (<c>rabbitmq.conf</c>), where its data and logs go too. It ends with this
/// process, however that ends: a shell waits at a pipe that this process holds, and then ends the whole process group.
/// </summary>
internal sealed class PrivateBroker : IDisposable
{
    public const string SettingsFile = "rabbitmq.conf";
    public const string DataFolder = "data";

    private const string LogFolder = "log";
    private const int CookieDigits = 40;
    public const string ExecutableVariable = "SPLITACTORS_BROKER";

    /// <summary>
    /// The name server comes first: Erlang would start one that leaves the process group. The line "kill" ends all at once; the end of the pipe lets the broker
    /// close its connections and files, for 10 s.
    /// </summary>
    private const string Script =
        $"""
         exec >>{LogFolder}/broker.log 2>&1
         epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
         until epmd -port "$ERL_EPMD_PORT" -names; do sleep 0.05; done
         "${ExecutableVariable}" &
         broker=$!
         exec 3<&0
         (read -r word <&3; [ "$word" = kill ] && kill -KILL 0; kill -TERM $broker; sleep 10; kill -KILL 0) &
         wait $broker
         kill -KILL 0
         """;

    /// <summary>A broker takes some 5 s to start on two cores; others may be at work beside it.</summary>
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan StopTimeMax = TimeSpan.FromSeconds(15);

    /// <summary>A broker that was killed just before may still be at it.</summary>
    private static readonly TimeSpan ReleaseTimeMax = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    private readonly string _folder;
    private readonly IPEndPoint _listener;
    private Process? _process;
    private bool _wasKilled;

    /// <param name="listener">One of those in its settings; it has started once this accepts connections.</param>
    public PrivateBroker(string folder, IPEndPoint listener)
    {
        _folder = Path.GetFullPath(folder);
        _listener = listener;
    }

    /// <summary>Null if there is none.</summary>
    public static string? Executable { get; } = FindExecutable();

    /// <summary>What it wrote about its start and its end.</summary>
    public string LogFile => InFolder(LogFolder, "broker.log");

    /// <summary>Where processes of the same machine reach it.</summary>
    public IPEndPoint Reachable => new(
        _listener.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : _listener.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : _listener.Address, _listener.Port);

    /// <summary>Ports of the loopback interface that nobody has.</summary>
    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }

    /// <exception cref="UserErrorException">There is no RabbitMQ on this machine.</exception>
    public static void RequireInstalled()
    {
        if (Executable is null)
        {
            throw new UserErrorException(UserErrorKind.Broker, "The broker", "RabbitMQ on this machine", "no rabbitmq-server",
                "Install it, on Debian by `apt-get install --no-install-recommends rabbitmq-server`.");
        }
    }

    /// <summary>Starts it, again if it was killed, and waits until it accepts connections.</summary>
    /// <exception cref="UserErrorException">There is no RabbitMQ, its port is taken, or it does not start.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        RequireInstalled();
        if (_wasKilled)
            await LetGoAsync(cancellationToken);
        await RequireFreeAsync(cancellationToken);
        Prepare();
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = _folder };
        foreach (var argument in new[] { "sh", "-c", Script })
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in EnvironmentOf(Executable!))
            start.Environment[name] = value;
        _process = Process.Start(start)!;

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeMax);
        while (!await IsListeningAsync())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_process.HasExited || limit.IsCancellationRequested)
                throw Failed("a start", _process.HasExited ? "that it ended" : $"that it does not listen at {_listener} after {StartTimeMax.TotalSeconds} s");
            await Task.Delay(PollPeriod, CancellationToken.None);
        }
    }

    /// <summary>Waits for a broker that ends by itself.</summary>
    /// <returns>What to tell the user.</returns>
    public async Task<UserErrorException> EndedAsync(CancellationToken cancellationToken)
    {
        await Started.WaitForExitAsync(cancellationToken);
        return Failed("that it runs on", "that it ended");
    }

    /// <summary>It says goodbye to its clients, and closes its files.</summary>
    public async Task StopAsync()
    {
        using var limit = new CancellationTokenSource(StopTimeMax);
        Started.StandardInput.Close();
        await Started.WaitForExitAsync(limit.Token);
    }

    /// <summary>As if its machine lost power; what is on its disk stays.</summary>
    public void Kill()
    {
        if (_process is not { } process)
            return;
        try
        {
            process.StandardInput.WriteLine("kill");
            process.StandardInput.Close();
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has ended, or is about to.
        }

        process.WaitForExit(StopTimeMax);
        process.Dispose();
        (_process, _wasKilled) = (null, true);
    }

    public void Dispose() => Kill();

    private static string? FindExecutable()
    {
        // Debian's program on the PATH changes to a user of its own; behind it is the real one.
        const string Real = "/usr/lib/rabbitmq/bin/rabbitmq-server";
        if (File.Exists(Real))
            return Real;
        var folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return folders.Select(folder => Path.Combine(folder, "rabbitmq-server")).FirstOrDefault(File.Exists);
    }

    private Process Started => _process ?? throw new InvalidOperationException("The broker was not started.");

    private string InFolder(params string[] parts) => Path.Combine([_folder, .. parts]);

    /// <summary>To listen there oneself would tell less: connections of a broker that was killed hold a port for a while, but not against another broker.</summary>
    private async Task RequireFreeAsync(CancellationToken cancellationToken)
    {
        for (var start = Environment.TickCount64; await IsListeningAsync(); await Task.Delay(PollPeriod, cancellationToken))
        {
            if (Environment.TickCount64 - start > ReleaseTimeMax.TotalMilliseconds)
                throw Refused("somebody who listens there already", cause: null);
        }

        try
        {
            using var listener = new TcpListener(_listener.Address, port: 0);
            listener.Start();
        }
        catch (SocketException failure)
        {
            throw Refused(failure.Message, failure);
        }

        UserErrorException Refused(string found, Exception? cause) => new(
            UserErrorKind.Broker, $"The broker in {_folder}", $"to listen on {_listener}", found, $"End what listens there, or change it in {InFolder(SettingsFile)}.", cause);
    }

    /// <summary>The processes of a group that is killed end one after the other, and the shell may be the first.</summary>
    private async Task LetGoAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StopTimeMax);
        while (!limit.IsCancellationRequested && await IsListeningAsync())
            await Task.Delay(PollPeriod, CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Prepare()
    {
        Directory.CreateDirectory(InFolder(DataFolder));
        Directory.CreateDirectory(InFolder(LogFolder));
        File.WriteAllText(InFolder(DataFolder, "enabled_plugins"), "[].");
        var cookie = InFolder(DataFolder, ".erlang.cookie");
        if (!File.Exists(cookie))
            PrivateFile.Write(cookie, RandomNumberGenerator.GetHexString(CookieDigits)); // Erlang would make one that is easier to guess
    }

    private Dictionary<string, string> EnvironmentOf(string executable)
    {
        var ports = FreePorts(2);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ExecutableVariable] = executable,
            ["HOME"] = InFolder(DataFolder), // of the cookie
            ["ERL_EPMD_PORT"] = ports[0].ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_DIST_PORT"] = ports[1].ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_NODENAME"] = "splitactors@localhost",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            ["RABBITMQ_CONF_ENV_FILE"] = InFolder(DataFolder, "none"),
            ["RABBITMQ_CONFIG_FILE"] = InFolder(SettingsFile),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = InFolder(DataFolder, "enabled_plugins"),
            ["RABBITMQ_MNESIA_BASE"] = InFolder(DataFolder),
            ["RABBITMQ_LOG_BASE"] = InFolder(LogFolder),
            ["RABBITMQ_PID_FILE"] = InFolder(DataFolder, "pid"),
        };
    }

    private async Task<bool> IsListeningAsync()
    {
        using var client = new TcpClient(_listener.AddressFamily);
        try
        {
            await client.ConnectAsync(Reachable);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private UserErrorException Failed(string expected, string found) =>
        new(UserErrorKind.Broker, $"The broker in {_folder}", expected, found, $"It says why in {LogFile}.");
}
