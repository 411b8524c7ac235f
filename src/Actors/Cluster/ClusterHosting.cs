using System.Collections.Immutable;
using Akka.Hosting;

namespace SplitActors.Actors.Cluster;

/// <summary>What a node of a cluster runs.</summary>
public sealed record MemberActors
{
    /// <summary>Null: it computes for nobody.</summary>
    public WorkerSlot? Slot { get; init; }

    /// <summary>Of the models that it serves as a scheduler.</summary>
    public ImmutableArray<SchedulerSingleton> Schedulers { get; init; } = [];

    /// <summary>Null: it is no device.</summary>
    public string? Device { get; init; }

    /// <summary>It keeps the table of slots.</summary>
    public bool KeepsSlots => Slot is not null || !Schedulers.IsEmpty;

    /// <summary>What it says of itself.</summary>
    public ImmutableArray<string> Roles =>
    [
        .. KeepsSlots ? (string[])[ClusterRoles.Slots] : [],
        .. Slot is null ? (string[])[] : [ClusterRoles.Worker, ClusterRoles.SlotOf(Slot.Name)],
        .. Schedulers.IsEmpty ? (string[])[] : [ClusterRoles.Scheduler, .. Schedulers.Select(scheduler => ClusterRoles.ModelOf(scheduler.Model))],
        .. Device is null ? (string[])[] : [ClusterRoles.Edge, ClusterRoles.DeviceOf(Device)],
    ];
}

public static class ClusterHosting
{
    /// <summary>Joins a cluster and starts what the node runs there.</summary>
    /// <param name="builder">Of the actor system.</param>
    /// <param name="settings">Of the node; its roles are those of its actors.</param>
    /// <param name="actors">That it runs.</param>
    /// <param name="started">Told how names are found, once all is started.</param>
    /// <param name="report">Told of what no honest peer does.</param>
    public static AkkaConfigurationBuilder AddMember(
        this AkkaConfigurationBuilder builder, MemberSettings settings, MemberActors actors, Action<ClusterRoutes>? started = null, Action<string>? report = null)
    {
        builder.AddHocon((settings with { Roles = actors.Roles }).ToConfig(), HoconAddMode.Prepend);
        if (settings.Tls is { } tls)
            builder.AddSetup(tls.ToSetup()).AddSetup(tls.ToFailuresSetup());
        return builder.WithActors((system, _) =>
        {
            var routes = actors.KeepsSlots ? WorkerSlots.Start(system, actors.Slot, report) : WorkerSlots.StartProxy(system);
            foreach (var scheduler in actors.Schedulers)
                scheduler.Start(system, routes, report);
            started?.Invoke(routes);
        });
    }
}
