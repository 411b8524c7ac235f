
namespace SplitActors.Actors.Tests.Kernel;

public class MailboxTests
{
    [Fact]
    public void Tell_FullMailbox_RejectsToSenderAndDeadLetters()
    {
        var world = new KernelWorld();
        var received = new List<object>();
        var answers = new List<object>();
        var receiver = world.SpawnProbe("receiver", received, mailboxCapacity: 2);
        var sender = world.SpawnProbe("sender", answers);
        for (var i = 0; i < 3; i++)
            receiver.Tell(i, sender);
        world.Run();

        Assert.Equal([0, 1], received);
        Assert.Equal([new MessageRejected(2, receiver, DeadLetterReason.MailboxFull)], answers);
        Assert.Equal([new DeadLetter(2, sender, receiver, DeadLetterReason.MailboxFull)], world.System.DeadLetters.Snapshot());
    }

    [Fact]
    public void Tell_AfterFullMailboxWasRead_IsAcceptedAgain()
    {
        var world = new KernelWorld();
        var received = new List<object>();
        var receiver = world.SpawnProbe("receiver", received, mailboxCapacity: 1);
        for (var i = 0; i < 3; i++)
        {
            receiver.Tell(i);
            world.Run();
        }

        Assert.Equal([0, 1, 2], received);
        Assert.Equal(0, world.System.DeadLetters.Count);
    }

    [Fact]
    public void MessageRejected_SenderWithFullMailbox_IsStillDelivered()
    {
        var world = new KernelWorld();
        var answers = new List<object>();
        var receiver = world.SpawnProbe("receiver", [], mailboxCapacity: 1);
        var sender = world.SpawnProbe("sender", answers, mailboxCapacity: 1);
        sender.Tell("fills the mailbox");
        receiver.Tell("accepted", sender);
        receiver.Tell("rejected", sender);
        world.Run();

        Assert.Equal([new MessageRejected("rejected", receiver, DeadLetterReason.MailboxFull), "fills the mailbox"], answers);
    }

    [Fact]
    public void MessageRejected_MoreThanSendersCapacity_BecomesDeadLetterItself()
    {
        var world = new KernelWorld();
        var answers = new List<object>();
        var receiver = world.SpawnProbe("receiver", [], mailboxCapacity: 1);
        var sender = world.SpawnProbe("sender", answers, mailboxCapacity: 3);
        for (var i = 0; i < 6; i++)
            receiver.Tell(i, sender);
        Assert.Equal(5, world.DeadLetterReasons.Count(reason => reason == DeadLetterReason.MailboxFull));
        Assert.Equal(2, world.DeadLetterReasons.Count(reason => reason == DeadLetterReason.RejectionsFull));
        world.Run();

        Assert.Equal([1, 2, 3], answers.Cast<MessageRejected>().Select(rejected => rejected.Message));

        receiver.Tell(6, sender);
        receiver.Tell(7, sender);
        world.Run();
        Assert.Equal(7, Assert.IsType<MessageRejected>(answers[^1]).Message);
    }

    [Fact]
    public void MessageRejected_SenderStopped_IsDeadLetter()
    {
        var world = new KernelWorld();
        var receiver = world.SpawnProbe("receiver", [], mailboxCapacity: 1);
        var sender = world.SpawnProbe("sender", []);
        world.System.Stop(sender);
        receiver.Tell(0, sender);
        receiver.Tell(1, sender);
        world.Run();

        Assert.Equal([DeadLetterReason.MailboxFull, DeadLetterReason.TargetStopped], world.DeadLetterReasons);
    }

    [Fact]
    public void SystemLane_StopAfterManyMessages_OvertakesThem()
    {
        var world = new KernelWorld();
        var received = new List<object>();
        var actor = world.SpawnProbe("probe", received);
        for (var i = 0; i < 10; i++)
            actor.Tell(i);
        world.System.Stop(actor);
        world.Run();

        Assert.Empty(received);
        Assert.Equal(10, world.System.DeadLetters.Count);
    }

    [Fact]
    public void Throughput_BusyActor_LetsOthersRunAfterMax()
    {
        var world = new KernelWorld(configure: options => options with { ThroughputMax = 4 });
        var order = new List<string>();
        var first = world.Spawn("first", (_, _) => order.Add("a"));
        var second = world.Spawn("second", (_, _) => order.Add("b"));
        world.Run();
        for (var i = 0; i < 8; i++)
        {
            first.Tell(i);
            second.Tell(i);
        }

        world.Run();
        Assert.Equal("aaaabbbbaaaabbbb", string.Concat(order));
    }

    [Fact]
    public void MailboxCapacity_BelowOne_Throws()
    {
        var world = new KernelWorld();
        Assert.Throws<ArgumentOutOfRangeException>(() => world.SpawnProbe("probe", [], mailboxCapacity: 0));
        Assert.Throws<ArgumentException>(() => new KernelWorld(configure: options => options with { MailboxCapacity = 0 }));
    }
}
