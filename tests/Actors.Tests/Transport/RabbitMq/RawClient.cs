using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>A device whose owner speaks to the broker with other software than ours.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly IConnection _connection;
    private readonly string _user;

    private RawClient(IConnection connection, string user) => (_connection, _user) = (connection, user);

    public static async Task<RawClient> ConnectAsync(BrokerNode node, string user)
    {
        var options = BrokerFixture.OptionsFor(node, user);
        var factory = new ConnectionFactory
        {
            HostName = options.Host,
            Port = node.Port,
            UserName = user,
            Password = options.Password,
            VirtualHost = options.VirtualHost,
            AutomaticRecoveryEnabled = false,
        };
        return new RawClient(await factory.CreateConnectionAsync(), user);
    }

    /// <summary>The code with which the broker answers what is done on a channel of its own; null if it does it.</summary>
    public async Task<ushort?> RefusalAsync(Func<IChannel, Task> attempt)
    {
        await using var channel = await _connection.CreateChannelAsync();
        var closed = new TaskCompletionSource<ushort>(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason.ReplyCode);
            return Task.CompletedTask;
        };
        try
        {
            await attempt(channel);
            await channel.QueueDeclarePassiveAsync($"edge/{_user}/none"); // its answer comes after all others
        }
        catch (OperationInterruptedException refused) when (refused.ShutdownReason is { } reason)
        {
            return reason.ReplyCode == Constants.NotFound ? null : reason.ReplyCode;
        }
        catch (AlreadyClosedException)
        {
            return await closed.Task.WaitAsync(TimeMax);
        }

        return null;
    }

    public async Task PublishAsync(string exchange, string to, BasicProperties properties, byte[] body) =>
        Assert.Null(await RefusalAsync(async channel => await channel.BasicPublishAsync(exchange, to, mandatory: false, properties, body)));

    public Task<IChannel> OpenChannelAsync() => _connection.CreateChannelAsync();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
