using Akka.Configuration;

namespace SplitActors.Actors.Stepping;

/// <summary>Settings of actor systems.</summary>
public static class ActorSettings
{
    /// <summary>Of one that speaks to nobody outside of its process: no loggers of its own, our clock, restarts with limits.</summary>
    public static Config Local { get; } = ConfigurationFactory.ParseString($$"""
        akka {
          loggers = []
          stdout-loglevel = OFF
          loglevel = ERROR
          log-dead-letters = off
          scheduler.implementation = "{{Name<TimerScheduler>()}}"
          actor.guardian-supervisor-strategy = "{{Name<TopSupervision>()}}"
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """);

    private static string Name<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";
}
