namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// The two topic exchanges, with addresses as routing keys. Devices publish to one, which no device's queue is bound to; servers to the other,
/// which no device may publish to. So whatever a device sends, under whatever key, reaches servers only.
/// </summary>
internal static class BrokerTopology
{
    public const string VirtualHost = "splitactors";

    /// <summary>From devices to scheduler and workers.</summary>
    public const string Ingress = "ingress";

    /// <summary>From scheduler and workers to all.</summary>
    public const string Fabric = "fabric";
}
