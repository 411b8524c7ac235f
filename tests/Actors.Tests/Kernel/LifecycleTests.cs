
namespace SplitActors.Actors.Tests.Kernel;

public class LifecycleTests
{
    [Fact]
    public void Spawn_Child_HasPathParentAndPlaceAmongChildren()
    {
        var world = new KernelWorld();
        IActorContext? childContext = null;
        ActorRef? child = null;
        IReadOnlyList<ActorRef> children = [];
        var edge = world.Spawn("edge", (context, _) =>
        {
            child = context.Spawn(ScriptedActor.Props((own, _) => childContext = own), "7");
            children = context.Children;
            child.Tell("hello");
        });
        edge.Tell("spawn");
        world.Run();

        Assert.Equal("/edge/7", child!.Path);
        Assert.Equal([child], children);
        Assert.Same(edge, childContext!.Parent);
        Assert.Same(child, childContext.Self);
    }

    [Fact]
    public void Terminate_Tree_StopsChildrenFirstAndCompletes()
    {
        var world = new KernelWorld();
        var stopped = new List<string>();
        Props Node(int depth) => new(() => new ScriptedActor
        {
            OnReceive = (_, _) => { },
            OnPreStart = context =>
            {
                for (var i = 0; i < 2 && depth > 0; i++)
                    context.Spawn(Node(depth - 1), $"{i}");
            },
            OnPostStop = context => stopped.Add(context.Self.Path),
        });
        world.System.Spawn(Node(2), "top");
        world.Run();

        var termination = world.System.TerminateAsync();
        Assert.False(termination.IsCompleted);
        world.Run();

        Assert.True(termination.IsCompletedSuccessfully);
        Assert.Equal(7, stopped.Count);
        for (var i = 0; i < stopped.Count; i++)
            Assert.DoesNotContain(stopped.Take(i), earlier => stopped[i].StartsWith($"{earlier}/", StringComparison.Ordinal));
        Assert.Throws<InvalidOperationException>(() => world.SpawnProbe("late", []));
    }

    [Fact]
    public void Terminate_Twice_IsTheSameTermination()
    {
        var world = new KernelWorld();
        var first = world.System.TerminateAsync();
        world.Run();
        Assert.Same(first, world.System.TerminateAsync());
        world.Run();
        Assert.True(first.IsCompletedSuccessfully);
    }

    [Fact]
    public void Spawn_NameInUse_ThrowsUntilTerminated()
    {
        var world = new KernelWorld();
        var first = world.SpawnProbe("edge", []);
        Assert.Throws<ArgumentException>(() => world.SpawnProbe("edge", []));
        world.System.Stop(first);
        world.Run();

        var second = world.SpawnProbe("edge", []);
        Assert.Equal(first.Path, second.Path);
        Assert.NotEqual(first, second);
        Assert.NotEqual(first.ToString(), second.ToString(), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    public void Spawn_BadName_Throws(string name) => Assert.Throws<ArgumentException>(() => new KernelWorld().SpawnProbe(name, []));

    [Fact]
    public void PostStop_Throws_IsReportedAndStopGoesOn()
    {
        var world = new KernelWorld();
        var actor = world.System.Spawn(new Props(() => new ScriptedActor
        {
            OnReceive = (_, _) => { },
            OnPostStop = _ => throw new InvalidOperationException("no"),
        }), "stubborn");
        var termination = world.System.TerminateAsync();
        world.Run();

        Assert.True(termination.IsCompletedSuccessfully);
        var failed = Assert.Single(world.Events.OfType<HookFailed>());
        Assert.Same(actor, failed.Actor);
        Assert.Equal("Actor.PostStop", failed.Hook);
    }

    [Fact]
    public void Spawn_WhileStopping_Throws()
    {
        var world = new KernelWorld();
        Exception? thrown = null;
        var actor = world.System.Spawn(new Props(() => new ScriptedActor
        {
            OnReceive = (_, _) => { },
            OnPostStop = context => thrown = Record.Exception(() => context.Spawn(ScriptedActor.Props((_, _) => { }), "late")),
        }), "parent");
        world.System.Stop(actor);
        world.Run();

        Assert.IsType<InvalidOperationException>(thrown);
    }

    [Fact]
    public void Context_InConstructor_Throws()
    {
        var world = new KernelWorld();
        world.System.Spawn(new Props(() => new EagerActor()), "eager");
        world.Run();
        var failed = world.Events.OfType<ActorFailed>().First();
        Assert.Contains("PreStart", failed.Cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stop_ActorOfAnotherSystem_Throws() =>
        Assert.Throws<ArgumentException>(() => new KernelWorld().System.Stop(new KernelWorld().SpawnProbe("foreign", [])));

    private sealed class EagerActor : Actor
    {
        private readonly ActorRef _self;

        public EagerActor() => _self = Context.Self;

        protected override void Receive(object message) => _self.Tell(message);
    }
}
