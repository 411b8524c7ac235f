using FsCheck.Fluent;

namespace SplitActors.Actors.Tests.Kernel;

public class DeliveryTests
{
    [Fact]
    public void Tell_MessageWithSender_CanBeAnswered()
    {
        var world = new KernelWorld();
        var received = new List<object>();
        var probe = world.SpawnProbe("probe", received);
        var echo = world.Spawn("echo", (context, message) => context.Sender.Tell(message, context.Self));

        echo.Tell("hello", probe);
        world.Run();

        Assert.Equal(["hello"], received);
    }

    [Fact]
    public void Tell_AnswerToNobody_GoesToDeadLetters()
    {
        var world = new KernelWorld();
        world.Spawn("echo", (context, message) => context.Sender.Tell(message, context.Self)).Tell("hello");
        world.Run();

        var letter = Assert.Single(world.System.DeadLetters.Snapshot());
        Assert.Equal((object)"hello", letter.Message);
        Assert.Equal("/echo", letter.Sender!.Path);
        Assert.Equal(DeadLetterReason.NoRecipient, letter.Reason);
    }

    [Fact]
    public void Tell_StoppedActor_GoesToDeadLettersWithReason()
    {
        var world = new KernelWorld();
        var actor = world.SpawnProbe("probe", []);
        world.System.Stop(actor);
        world.Run();
        actor.Tell("late");

        Assert.Equal([DeadLetterReason.TargetStopped], world.DeadLetterReasons);
        Assert.Contains(world.Events, happened => happened is DeadLettered { Letter.Message: "late" });
    }

    [Fact]
    public void Stop_MessagesWaiting_GoToDeadLettersInOrder()
    {
        var world = new KernelWorld();
        var received = new List<object>();
        var actor = world.Spawn("stopsAtOne", (context, message) =>
        {
            received.Add(message);
            context.Stop(context.Self);
        });
        for (var i = 1; i <= 3; i++)
            actor.Tell(i);
        world.Run();

        Assert.Equal([1], received);
        Assert.Equal([2, 3], world.System.DeadLetters.Snapshot().Select(letter => letter.Message));
    }

    [Fact]
    public void Unhandled_Message_IsDeadLetter()
    {
        var world = new KernelWorld();
        world.System.Spawn(new Props(() => new PickyActor()), "picky").Tell(7);
        world.Run();

        Assert.Equal([DeadLetterReason.Unhandled], world.DeadLetterReasons);
    }

    [Fact]
    public void DeadLetters_MoreThanCapacity_KeepsNewestAndCountsAll()
    {
        var world = new KernelWorld(configure: options => options with { DeadLetterCapacity = 2 });
        for (var i = 0; i < 5; i++)
            world.System.DeadLetters.Tell(i);

        Assert.Equal(5, world.System.DeadLetters.Count);
        Assert.Equal([3, 4], world.System.DeadLetters.Snapshot().Select(letter => letter.Message));
    }

    [Fact]
    public void EventSink_Throws_IsCountedAndHarmless()
    {
        var world = new KernelWorld(configure: options => options with { EventSink = _ => throw new InvalidOperationException("sink") });
        var received = new List<object>();
        var probe = world.SpawnProbe("probe", received);
        world.System.DeadLetters.Tell("lost");
        probe.Tell("found");
        world.Run();

        Assert.Equal(1, world.System.EventSinkFailureCount);
        Assert.Equal(["found"], received);
    }

    [Fact]
    public void Tell_RandomInterleavings_KeepOrderOfEachPair()
    {
        var inputs =
            from seed in Gen.Choose(0, int.MaxValue)
            from senderCount in Gen.Choose(1, 5)
            from messageCount in Gen.Choose(1, 80)
            from throughputMax in Gen.Choose(1, 40)
            select (seed, senderCount, messageCount, throughputMax);

        Property.Holds(inputs, input =>
        {
            var world = new KernelWorld((ulong)input.seed, options => options with { ThroughputMax = input.throughputMax });
            var received = new List<(string Sender, int Number)>();
            var receiver = world.Spawn("receiver", (context, message) => received.Add((context.Sender.Path, (int)message)));
            for (var i = 0; i < input.senderCount; i++)
            {
                // Each sender counts to messageCount, one number per turn, so that its sends interleave with those of the others.
                world.Spawn($"sender{i}", (context, message) =>
                {
                    receiver.Tell(message, context.Self);
                    if ((int)message < input.messageCount)
                        context.Self.Tell((int)message + 1);
                }).Tell(1);
            }

            world.Run();
            var pairs = received.GroupBy(one => one.Sender, one => one.Number, StringComparer.Ordinal).ToArray();
            return pairs.Length == input.senderCount && pairs.All(pair => pair.SequenceEqual(Enumerable.Range(1, input.messageCount)));
        });
    }

    private sealed class PickyActor : Actor
    {
        protected override void Receive(object message) => Unhandled(message);
    }
}
