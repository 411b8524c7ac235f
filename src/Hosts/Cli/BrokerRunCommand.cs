using System.CommandLine;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors broker run FOLDER</c>: a RabbitMQ broker that runs as long as this process.</summary>
internal static class BrokerRunCommand
{
    public static Command Create()
    {
        var command = new Command(
            "run",
            """
            Runs the RabbitMQ broker of a folder that `splitactors broker init` made, with its data and logs there. It ends with this process: Ctrl-C lets it close its files.
            Needs rabbitmq-server (Debian: apt-get install --no-install-recommends rabbitmq-server), but none of the system's settings, users or data.

            Example: splitactors broker run cluster

            Exit codes: 2 no such folder, 7 the broker does not start, or has ended by itself, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """)
        {
            BrokerCommand.Folder,
        };
        command.SetAction((parsed, _) => RunAsync(BrokerFolder.Open(parsed.GetValue(BrokerCommand.Folder)!)));
        return command;
    }

    private static async Task<int> RunAsync(BrokerFolder folder)
    {
        using var lease = folder.Lease();
        using var interruption = new Interruption();
        using var broker = new PrivateBroker(folder.Path, folder.Endpoint);
        try
        {
            await broker.StartAsync(interruption.Token);
            await RequireTlsAsync(folder.LocalOptions(broker.Reachable), interruption.Token);
            Console.Out.Write($"broker: {folder.Address} ready\n"); // at once: others wait for the line
            throw await broker.EndedAsync(interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            await broker.StopAsync();
            return interruption.ExitCode;
        }
    }

    /// <summary>Certificates, password and permissions are as the scheduler's configuration says.</summary>
    private static async Task RequireTlsAsync(RabbitMqOptions options, CancellationToken cancellationToken)
    {
        var transport = await RabbitMqTransport.ConnectAsync(options, TimeProvider.System, seed: 0, report: _ => { }, cancellationToken);
        await transport.DisposeAsync();
    }
}
