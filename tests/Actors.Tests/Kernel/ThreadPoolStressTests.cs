
namespace SplitActors.Actors.Tests.Kernel;

/// <summary>The same kernel on real threads. Each test ends by a count of messages; the limit only makes a hang a failure.</summary>
public sealed class ThreadPoolStressTests : IAsyncDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(120);

    private readonly ActorSystem _system = new(new ActorSystemOptions
    {
        Dispatcher = new ThreadPoolDispatcher(),
        TimeProvider = TimeProvider.System,
        ThroughputMax = 8,
    });

    public async ValueTask DisposeAsync() => await _system.TerminateAsync().WaitAsync(HangLimit);

    [Fact]
    public async Task Tell_ManySendersManyActors_DeliversEachOnceInOrderOneAtATime()
    {
        const int Senders = 8, Actors = 16, MessagesPerPair = 2_000;
        using var finished = new CountdownEvent(Actors);
        var counters = Enumerable.Range(0, Actors).Select(_ => new CountingActor(Senders, MessagesPerPair, finished)).ToArray();
        var actors = counters.Select((counter, i) =>
            _system.Spawn(new Props(() => counter) { MailboxCapacity = Senders * MessagesPerPair }, $"actor{i}")).ToArray();

        await InParallel(Senders, sender =>
        {
            for (var number = 0; number < MessagesPerPair; number++)
            {
                foreach (var actor in actors)
                    actor.Tell(new Numbered(sender, number));
            }
        });

        Assert.True(finished.Wait(HangLimit));
        Assert.All(counters, counter => Assert.Equal(0, counter.Violations));
        Assert.Equal(0, _system.DeadLetters.Count);
    }

    [Fact]
    public async Task Tell_SmallMailboxes_ReceivedPlusRejectedIsSent()
    {
        const int Senders = 6, Messages = 20_000;
        using var accounted = new CountdownEvent(Senders * Messages);
        var received = 0;
        var rejected = new int[Senders];
        var receiver = _system.Spawn(
            ScriptedActor.Props((_, _) =>
            {
                received++;
                accounted.Signal();
            }) with
            { MailboxCapacity = 4 },
            "receiver");
        var senders = Enumerable.Range(0, Senders).Select(i => _system.Spawn(
            ScriptedActor.Props((_, message) =>
            {
                Assert.IsType<MessageRejected>(message);
                rejected[i]++;
                accounted.Signal();
            }) with
            { MailboxCapacity = Messages },
            $"sender{i}")).ToArray();

        await InParallel(Senders, sender =>
        {
            for (var number = 0; number < Messages; number++)
                receiver.Tell(number, senders[sender]);
        });

        Assert.True(accounted.Wait(HangLimit));
        Assert.Equal(rejected.Sum(), _system.DeadLetters.Count);
        Assert.Equal(Senders * Messages, received + rejected.Sum());
    }

    [Fact]
    public async Task Tell_WhileActorsStop_ReceivedPlusDeadLettersIsSent()
    {
        const int Rounds = 200, Senders = 4, Messages = 200;
        var received = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var actor = _system.Spawn(
                ScriptedActor.Props((context, _) =>
                {
                    if (Interlocked.Increment(ref received) % 50 == 0)
                        context.Stop(context.Self);
                }),
                $"actor{round}");
            await InParallel(Senders, _ =>
            {
                for (var number = 0; number < Messages; number++)
                    actor.Tell(number);
            });
            _system.Stop(actor);
        }

        await _system.TerminateAsync().WaitAsync(HangLimit);
        Assert.Equal(Rounds * Senders * Messages, received + _system.DeadLetters.Count);
    }

    /// <summary>One token at a time through many actors: each hop finds an idle mailbox, where a lost wakeup would end it.</summary>
    [Fact]
    public async Task Tell_TokensThroughRing_NeverLoseAWakeup()
    {
        const int Actors = 50, Tokens = 4, Hops = 100_000;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var remaining = Tokens;
        var ring = new ActorRef[Actors];
        for (var i = 0; i < Actors; i++)
        {
            var next = (i + 1) % Actors;
            ring[i] = _system.Spawn(
                ScriptedActor.Props((_, message) =>
                {
                    if ((int)message > 0)
                        ring[next].Tell((int)message - 1);
                    else if (Interlocked.Decrement(ref remaining) == 0)
                        done.SetResult();
                }),
                $"actor{i}");
        }

        for (var i = 0; i < Tokens; i++)
            ring[i * Actors / Tokens].Tell(Hops);
        await done.Task.WaitAsync(HangLimit);
    }

    [Fact]
    public async Task Watch_WhileTargetsStop_DeliversExactlyOnce()
    {
        const int Targets = 500, Watchers = 4;
        using var finished = new CountdownEvent(Targets * Watchers);
        var surplus = 0;
        var targets = Enumerable.Range(0, Targets).Select(i => _system.Spawn(ScriptedActor.Props((_, _) => { }), $"target{i}")).ToArray();
        var watchers = Enumerable.Range(0, Watchers).Select(i =>
        {
            var seen = new HashSet<ActorRef>();
            return _system.Spawn(
                ScriptedActor.Props((context, message) =>
                {
                    if (message is Terminated terminated)
                    {
                        if (seen.Add(terminated.Actor))
                            finished.Signal();
                        else
                            Interlocked.Increment(ref surplus);
                    }
                    else
                    {
                        context.Watch((ActorRef)message);
                    }
                }),
                $"watcher{i}");
        }).ToArray();

        await InParallel(2, side =>
        {
            foreach (var target in targets)
            {
                if (side == 0)
                    _system.Stop(target);
                for (var i = 0; i < Watchers && side == 1; i++)
                    watchers[i].Tell(target);
            }
        });

        Assert.True(finished.Wait(HangLimit));
        await _system.TerminateAsync().WaitAsync(HangLimit);
        Assert.Equal(0, surplus);
    }

    [Fact]
    public async Task Restart_UnderLoad_HandlesOrDropsEveryMessage()
    {
        const int Messages = 20_000, FailEvery = 100;
        var handled = 0;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var parent = _system.Spawn(
            ScriptedActor.Props((context, message) =>
            {
                if (message is Props props)
                    context.Sender.Tell(context.Spawn(props, "child"));
            }) with
            { SupervisorStrategy = new SupervisorStrategy(_ => Directive.Restart) { RestartsMax = int.MaxValue } },
            "parent");
        var child = await parent.AskAsync<ActorRef>(
            ScriptedActor.Props((_, message) =>
            {
                if (++handled == Messages)
                    done.SetResult();
                if ((int)message % FailEvery == 0)
                    throw new InvalidOperationException();
            }) with
            { MailboxCapacity = Messages },
            HangLimit);

        for (var number = 1; number <= Messages; number++)
            child.Tell(number);
        await done.Task.WaitAsync(HangLimit);
        Assert.Equal(0, _system.DeadLetters.Count);
    }

    [Fact]
    public async Task Ask_ManyAtOnce_AllComplete()
    {
        const int Askers = 8, Asks = 1_000;
        var echo = _system.Spawn(ScriptedActor.Props((context, message) => context.Sender.Tell(message)), "echo");
        var sums = await Task.WhenAll(Enumerable.Range(0, Askers).Select(_ => Task.Run(async () =>
        {
            var sum = 0L;
            for (var i = 0; i < Asks; i++)
                sum += await echo.AskAsync<int>(i, HangLimit);
            return sum;
        })));

        Assert.All(sums, sum => Assert.Equal(Asks * (Asks - 1L) / 2, sum));
    }

    [Fact]
    public async Task TimersAndOffloads_OnRealClock_AllArrive()
    {
        const int Ticks = 20;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ticks = 0;
        var results = 0;
        _system.Spawn(
            new Props(() => new ScriptedActor
            {
                OnPreStart = context => context.Timers.StartPeriodic("tick", "tick", TimeSpan.FromMilliseconds(1)),
                OnReceive = (context, message) =>
                {
                    if (message is int)
                        results++;
                    else if (++ticks <= Ticks)
                        context.RunOffloaded(static () => 0);
                    if (results == Ticks)
                        done.TrySetResult();
                },
            })
            { OffloadsMax = Ticks },
            "ticking");
        await done.Task.WaitAsync(HangLimit);
    }

    private static Task InParallel(int count, Action<int> act) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Factory.StartNew(
            () => act(i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    private sealed record Numbered(int Sender, int Number);

    /// <summary>Plain fields on purpose: that they stay consistent is what is tested.</summary>
    private sealed class CountingActor(int senderCount, int messagesPerSender, CountdownEvent finished) : Actor
    {
        private readonly int[] _next = new int[senderCount];
        private int _received;
        private int _inside;

        public int Violations { get; private set; }

        protected override void Receive(object message)
        {
            if (Interlocked.Exchange(ref _inside, 1) != 0)
                Violations++;
            var (sender, number) = (Numbered)message;
            if (_next[sender]++ != number)
                Violations++;
            if (++_received == senderCount * messagesPerSender)
                finished.Signal();
            Interlocked.Exchange(ref _inside, 0);
        }
    }
}
