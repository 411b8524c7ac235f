using System.Security.Cryptography;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>As whom a process speaks to which broker.</summary>
internal sealed record NodeConnection(RabbitMqOptions Broker)
{
    /// <summary>Of the broker's user, and of its queue.</summary>
    public string User => Broker.User;

    /// <exception cref="UserErrorException">It is missing or malformed, or a file that it names cannot be read.</exception>
    public static NodeConnection Read(SettingReader settings, Setting setting)
    {
        if (settings.Find(setting) is not var (uri, place))
        {
            throw new UserErrorException(
                UserErrorKind.Options, $"--{setting.Name}", "the broker's URI", "none", "`splitactors broker init` writes a configuration for each process; name it with --config.");
        }

        return new NodeConnection(BrokerUri.Parse(uri, place, settings.FolderOf(setting)));
    }

    /// <summary>Waits for a broker that is not there yet.</summary>
    /// <param name="patience">For how long.</param>
    /// <exception cref="UserErrorException">It does not come, or refuses this user or its certificate.</exception>
    public Task<RabbitMqTransport> ConnectAsync(TimeSpan patience, Action<string> report, CancellationToken cancellation)
    {
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))); // each process its own
        return RabbitMqTransport.ConnectAsync(Broker with { FirstConnectionTimeMax = patience }, TimeProvider.System, seed, report, cancellation);
    }
}
