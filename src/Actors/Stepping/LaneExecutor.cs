using Akka.Configuration;
using Akka.Dispatch;

namespace SplitActors.Actors.Stepping;

/// <summary>
/// Runs turns of actors on the thread whose result set them off (<see cref="ComputeLane"/>), else on the shared pool. A dispatcher's <c>executor</c> names it.
/// </summary>
public sealed class LaneExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    public override ExecutorService Produce(string id) => new LaneExecutor(id);

    private sealed class LaneExecutor(string id) : ExecutorService(id)
    {
        public override void Execute(IRunnable run)
        {
            if (!ComputeLane.TryTake(run))
                ThreadPool.UnsafeQueueUserWorkItem(run, preferLocal: false);
        }

        public override void Shutdown()
        {
        }
    }
}
