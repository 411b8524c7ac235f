
namespace SplitActors.Actors.Tests.Kernel;

public class OffloadTests
{
    private readonly KernelWorld _world = new();
    private readonly List<object> _received = [];
    private readonly ActorRef _actor;

    public OffloadTests() => _actor = _world.System.Spawn(Recording(), "actor");

    [Fact]
    public void RunOffloaded_Result_ComesAsMessageAfterTheTurn()
    {
        Do(context =>
        {
            context.RunOffloaded(() => "result");
            _received.Add("turn ends");
        });

        Assert.Equal(["turn ends", "result"], _received);
    }

    [Fact]
    public void RunOffloaded_Throws_ComesAsFailure()
    {
        Do(context => context.RunOffloaded(() => throw new NotSupportedException()));

        Assert.IsType<NotSupportedException>(Assert.IsType<Failure>(Assert.Single(_received)).Cause);
    }

    [Fact]
    public void RunOffloaded_FullMailbox_ResultIsStillDelivered()
    {
        var actor = _world.System.Spawn(Recording() with { MailboxCapacity = 1 }, "small");
        actor.Tell((Action<IActorContext>)(context =>
        {
            context.RunOffloaded(() => "result");
            context.Self.Tell("fills the mailbox");
        }));
        _world.Run();

        Assert.Equal(["fills the mailbox", "result"], _received);
    }

    [Fact]
    public void RunOffloaded_ActorRestarted_ResultIsDeadLetter()
    {
        Do(context =>
        {
            context.RunOffloaded(() => "stale");
            throw new InvalidOperationException("restart");
        });

        Assert.Empty(_received);
        Assert.Equal("stale", (string)Assert.Single(_world.System.DeadLetters.Snapshot()).Message);
        Assert.Equal([DeadLetterReason.OffloadStale], _world.DeadLetterReasons);
    }

    [Fact]
    public void RunOffloaded_ActorStopped_ResultIsDeadLetter()
    {
        Do(context =>
        {
            context.RunOffloaded(() => "stale");
            context.Stop(context.Self);
        });

        Assert.Empty(_received);
        Assert.Equal([DeadLetterReason.OffloadStale], _world.DeadLetterReasons);
    }

    [Fact]
    public void RunOffloaded_MoreThanMax_ThrowsUntilOneIsDone()
    {
        var actor = _world.System.Spawn(Recording() with { OffloadsMax = 1 }, "actor2");
        Exception? thrown = null;
        actor.Tell((Action<IActorContext>)(context =>
        {
            context.RunOffloaded(() => 1);
            thrown = Record.Exception(() => context.RunOffloaded(() => 2));
        }));
        _world.Run();
        actor.Tell((Action<IActorContext>)(context => context.RunOffloaded(() => 3)));
        _world.Run();

        Assert.IsType<InvalidOperationException>(thrown);
        Assert.Equal([1, 3], _received);
    }

    private Props Recording() => ScriptedActor.Props((context, message) =>
    {
        if (message is Action<IActorContext> act)
            act(context);
        else
            _received.Add(message);
    });

    private void Do(Action<IActorContext> act)
    {
        _actor.Tell(act);
        _world.Run();
    }
}
