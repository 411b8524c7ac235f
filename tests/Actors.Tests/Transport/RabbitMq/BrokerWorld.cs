using System.Collections.Concurrent;
using System.Threading.Channels;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>Actors on the thread pool, with a connection to a broker for each user.</summary>
internal sealed class BrokerWorld(BrokerNode node) : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _reports = new();
    private readonly List<RabbitMqTransport> _transports = [];

    /// <summary>What all transports reported.</summary>
    public IReadOnlyCollection<string> Reports => _reports;

    public async Task<RabbitMqTransport> ConnectAsync(string user, Func<RabbitMqOptions, RabbitMqOptions>? change = null)
    {
        var options = BrokerFixture.OptionsFor(node, user);
        var transport = await RabbitMqTransport.ConnectAsync(change?.Invoke(options) ?? options, TimeProvider.System, seed: (ulong)_transports.Count, _reports.Enqueue);
        _transports.Add(transport);
        return transport;
    }

    /// <summary>Registers an actor that keeps what it receives.</summary>
    public static Inbox Register(RabbitMqTransport transport, string address)
    {
        var inbox = new Inbox();
        transport.Register(address, inbox.Add);
        return inbox;
    }

    /// <summary>Registers such an actor and waits until others can reach it. Servers only: a device cannot write to itself.</summary>
    public async Task<Inbox> OpenAsync(RabbitMqTransport transport, string address)
    {
        var inbox = Register(transport, address);
        await inbox.OpenedAsync(transport, address);
        return inbox;
    }

    /// <summary>Waits for so many reports, and that there are no more.</summary>
    public async Task ReportedAsync(int count)
    {
        using var limit = new CancellationTokenSource(Inbox.TimeMax);
        while (_reports.Count < count && !limit.IsCancellationRequested)
            await Task.Yield();
        Assert.Equal(count, _reports.Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var transport in _transports)
            await transport.DisposeAsync();
    }
}

/// <summary>What an actor received, in order.</summary>
internal sealed class Inbox
{
    /// <summary>A message takes less than a millisecond; a machine may be busy.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RepeatPause = TimeSpan.FromMilliseconds(10);

    private readonly Channel<object> _messages = Channel.CreateUnbounded<object>();

    public bool IsEmpty => _messages.Reader.Count == 0;

    public void Add(object message) => _messages.Writer.TryWrite(message);

    /// <summary>Waits until an address can be reached, by writing to it from itself.</summary>
    public async Task OpenedAsync(RabbitMqTransport transport, string address)
    {
        do
            transport.Send(address, address, new CloseSession());
        while (await NextAsync() is not Received);
    }

    public async Task<object> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeMax);
        return await _messages.Reader.ReadAsync(limit.Token);
    }

    /// <summary>The next message, which what is repeated brings about sooner or later.</summary>
    public async Task<T> NextWhileAsync<T>(Action repeat)
    {
        var next = NextAsync<T>();
        while (!next.IsCompleted)
        {
            repeat();
            await Task.WhenAny(next, Task.Delay(RepeatPause));
        }

        return await next;
    }

    public async Task<T> NextAsync<T>() => Assert.IsType<T>(await NextAsync());

    /// <summary>The next of this type; others before it are passed over.</summary>
    public async Task<T> NextOfAsync<T>()
    {
        while (true)
        {
            if (await NextAsync() is T message)
                return message;
        }
    }
}
