using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;

namespace SplitActors.Actors.Cluster;

/// <summary>Where a node is in the network, and what it says of itself.</summary>
public sealed record MemberSettings
{
    public const string SystemName = "splitactors";

    /// <summary>Where it listens.</summary>
    public required string Host { get; init; }

    /// <summary>0: any that is free.</summary>
    public required int Port { get; init; }

    /// <summary>By which others reach it, through a network that translates addresses, say; null: where it listens.</summary>
    public (string Host, int Port)? Public { get; init; }

    /// <summary>HOST:PORT of nodes to join by; its own may be among them.</summary>
    public required ImmutableArray<string> Seeds { get; init; }

    public required ImmutableArray<string> Roles { get; init; }

    /// <summary>For its sessions to go elsewhere, when it leaves.</summary>
    public TimeSpan DrainTimeMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Of the first of the seeds: how long it asks the others before it begins a cluster; null: as in <c>reference.conf</c>.</summary>
    public TimeSpan? FoundPatience { get; init; }

    /// <summary>Null: without TLS, on loopback only.</summary>
    public NodeTls? Tls { get; init; }

    private string Reached => string.Create(CultureInfo.InvariantCulture, $"{Public?.Host ?? Host}:{Public?.Port ?? Port}");

    /// <summary>Settings of Akka.NET that go before those of <c>reference.conf</c>; null: none.</summary>
    public Config? Overrides { get; init; }

    /// <summary>The settings of an actor system: its own, then the overrides, then those of <c>reference.conf</c>.</summary>
    public Config ToConfig()
    {
        var protocol = Tls is null ? "akka.tcp" : "akka.ssl.tcp";
        var seeds = string.Join(", ", Seeds.Select(seed => $"\"{protocol}://{SystemName}@{seed}\""));
        var own = ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
            akka.remote.dot-netty.tcp {
              hostname = "{{Host}}"
              port = {{Port}}
              public-hostname = "{{Public?.Host ?? Host}}"
              public-port = {{Public?.Port ?? 0}}
              enable-ssl = {{(Tls is null ? "off" : "on")}}
            }
            akka.coordinated-shutdown.phases.service-requests-done.timeout = {{DrainTimeMax.TotalSeconds + 5}}s
            akka.cluster {
              roles = [{{string.Join(", ", Roles.Select(role => $"\"{role}\""))}}]
              seed-nodes = [{{seeds}}]
            }
            """));
        if (FoundPatience is { } patience && Seeds.FirstOrDefault() == Reached) // others would ask again only after it
            own = ConfigurationFactory.ParseString($"akka.cluster.seed-node-timeout = {patience.TotalSeconds}s").WithFallback(own);
        return own.WithFallback(Overrides is null ? Reference : Overrides.WithFallback(Reference));
    }

    /// <summary>The same as an actor system takes it, with certificates.</summary>
    public ActorSystemSetup ToSetup()
    {
        var setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(ToConfig()));
        return Tls is null ? setup : setup.And(Tls.ToSetup()).And(Tls.ToFailuresSetup());
    }

    private static Config Reference { get; } = ReadReference();

    private static Config ReadReference()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("reference.conf")!;
        using var reader = new StreamReader(stream);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }
}
