using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A new session takes the room of those that were silent longest, and of no other.</summary>
public sealed class WorkerEvictionTests
{
    private const int WorldCount = 150;
    private const int MessageCount = 200;
    private const int SessionIds = 8;
    private const long PageBytes = 16 << 10; // of WorkerStepper's layout: 16 tokens

    private readonly WorkerStepper _worker = new(options => options with { KvBytesMax = 4 * PageBytes });

    [Fact]
    public void Open_ThatDoesNotFit_TakesTheRoomOfTheLongestSilent()
    {
        OpenAt(0, session: 1, tokenCountMax: 16);
        OpenAt(1, session: 2, tokenCountMax: 32);
        OpenAt(2, session: 3, tokenCountMax: 16);
        OpenAt(33, session: 4, tokenCountMax: 40);

        Assert.Single(_worker.Sent<SessionOpened>());
        Assert.Equal([1ul, 2], Dropped());
        Assert.Equal(new ulong[] { 3, 4 }, _worker.State.Sessions.Keys.Select(id => id.Session.Value).Order());
    }

    [Fact]
    public void Open_BeyondTheSessions_TakesThePlaceOfTheLongestSilent()
    {
        for (var session = 1ul; session <= 3; session++)
            OpenAt(session, session, tokenCountMax: 16);
        OpenAt(40, session: 4, tokenCountMax: 16);
        Assert.Equal([1ul], Dropped());
        Assert.Single(_worker.Sent<SessionOpened>());
    }

    [Fact]
    public void Open_ThatEvictionDoesNotHelp_IsRefusedAndNobodyIsEvicted()
    {
        OpenAt(0, session: 1, tokenCountMax: 16);
        OpenAt(20, session: 2, tokenCountMax: 48);
        OpenAt(35, session: 3, tokenCountMax: 32);
        Assert.Equal((RejectReason.Memory, 200u), Assert.Single(_worker.Sent<Rejected>()) is { } rejected ? (rejected.Reason, rejected.RetryAfterMs) : default);
        Assert.Equal(2, _worker.State.Sessions.Count);
    }

    [Fact]
    public void Open_AtAnotherSplit_EvictsWhatEmptiesAPool_AndNobodyInVain()
    {
        OpenAt(0, session: 1, tokenCountMax: 16, splitLayer: 4);
        OpenAt(1, session: 2, tokenCountMax: 64, splitLayer: 6); // two pages' worth
        OpenAt(39, session: 3, tokenCountMax: 16, splitLayer: 4); // keeps the pool of the first
        OpenAt(40, session: 4, tokenCountMax: 32, splitLayer: 5); // one page and a half
        Assert.Equal([2ul], Dropped());
        Assert.Single(_worker.Sent<SessionOpened>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Session_WhoseStepIsComputedOrWasJustHeardOf_IsNeverEvicted(bool isComputing)
    {
        OpenAt(0, session: 1, tokenCountMax: 64);
        if (isComputing)
            _worker.Receive(WorkerStepper.DecodeStep(0, 1));
        else
            At(31, () => _worker.Receive(WorkerStepper.DecodeStep(5, 1))); // a gap, but a sign of life
        OpenAt(60, session: 2, tokenCountMax: 16);
        Assert.Equal(RejectReason.Memory, Assert.Single(_worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public void Step_OfAnEvictedSession_IsOfAnUnknownOne()
    {
        OpenAt(0, session: 1, tokenCountMax: 64);
        OpenAt(30, session: 2, tokenCountMax: 16);
        _worker.Receive(WorkerStepper.DecodeStep(0, 1));
        Assert.Equal(RejectReason.UnknownSession, Assert.Single(_worker.Sent<Rejected>()).Reason);
    }

    /// <summary>A failure names its seed; that memory and places are never exceeded, <see cref="WorkerStepper"/> checks.</summary>
    [Fact]
    public void Sessions_DrawnAtRandom_LoseTheirRoomOnlyWhenTheyWereSilent()
    {
        var (evictedCount, refusedCount) = (0, 0);
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            var random = new SplitMix64(seed);
            var worker = new WorkerStepper(options => options with { KvBytesMax = (3 + random.Next(6)) * PageBytes, SessionCountMax = 3 + random.Next(3) });
            for (var message = 0; message < MessageCount; message++)
            {
                worker.Now += TimeSpan.FromSeconds(random.Next(6));
                var before = worker.State;
                if (worker.Batch is not null && random.Next(2) == 0)
                    worker.Compute();
                else
                    worker.Receive(Draw(worker, random));
                refusedCount += worker.Sent<Rejected>().Count(rejected => rejected.Reason is RejectReason.Memory or RejectReason.SessionLimit);
                foreach (var drop in worker.Effects.OfType<WorkerEffect.DropCache>())
                {
                    var session = before.Sessions[drop.Session];
                    Assert.True(session.UnansweredRows == 0 && worker.Now - session.SeenAt >= worker.State.Options.EvictableAfter, $"Seed {seed}, message {message}: an active session was evicted.");
                    Assert.True(worker.Sent<SessionOpened>().Any(), $"Seed {seed}, message {message}: a session was evicted in vain.");
                    evictedCount++;
                }
            }
        }

        Assert.InRange(evictedCount, WorldCount, int.MaxValue);
        Assert.InRange(refusedCount, WorldCount, int.MaxValue);
    }

    [Fact]
    public async Task Device_WhoseSessionWasEvicted_ReplaysAndGoesOn()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed, (transport, _) => new HelloWithoutMemory(transport));
        var tokenCountMax = 20 + Enumerable.Range(0, 2).Max(index => Quill.Prompt(index).Count); // room for one of them
        cluster.StartWorker("worker/1", options => options with { KvBytesMax = options.KvLayout.BytesFor(tokenCountMax), EvictableAfter = TimeSpan.FromMilliseconds(1) });
        cluster.SlowDown(TimeSpan.FromMilliseconds(5)); // so that each is silent for longer than that between two tokens
        var sessions = Enumerable.Range(0, 2)
            .Select(index => cluster.StartSession(Quill.Prompt(index), change: options => options with { GeneratedCountMax = 20, EndTokens = [] }))
            .ToList();
        cluster.RunUntilEnded(sessions);

        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected.Reason == RejectReason.UnknownSession);
        for (var index = 0; index < 2; index++)
            Assert.Equal(Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(index), SamplingOptions.Greedy, 20), sessions[index].Tokens);
    }

    private static IMessage Draw(WorkerStepper worker, SplitMix64 random)
    {
        var id = (ulong)random.Next(SessionIds);
        var session = worker.State.Sessions.GetValueOrDefault(SessionKey.Of(WorkerStepper.Edge, id));
        if (session is null || random.Next(8) == 0)
            return WorkerStepper.OpenSession((session?.Epoch ?? 0) + 1, id, (uint)(1 + random.Next(64)), (uint)(4 + random.Next(4)));
        return WorkerStepper.DecodeStep((uint)session.AcceptedCount, 1, session.Epoch, id);
    }

    private void OpenAt(double seconds, ulong session, uint tokenCountMax, uint splitLayer = 4) =>
        At(seconds, () => _worker.Open(session: session, tokenCountMax: tokenCountMax, splitLayer: splitLayer));

    private void At(double seconds, Action act)
    {
        _worker.Now = TimeSpan.FromSeconds(seconds);
        act();
    }

    private IEnumerable<ulong> Dropped() => _worker.Effects.OfType<WorkerEffect.DropCache>().Select(drop => drop.Session.Session.Value);

    /// <summary>Keeps from the scheduler what memory a worker has, so that it leaves refusing to the worker.</summary>
    private sealed class HelloWithoutMemory(IPeers inner) : IPeers
    {
        public void Register(string address, Action<object> post) => inner.Register(address, post);

        public void Unregister(string address) => inner.Unregister(address);

        public void Watch(string address, string watcher) => inner.Watch(address, watcher);

        public void Send(string from, string to, IMessage body) => inner.Send(from, to, body is Hello { Role: Role.Worker } hello ? new Hello(hello) { Profile = null } : body);
    }
}
