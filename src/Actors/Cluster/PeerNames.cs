namespace SplitActors.Actors.Cluster;

/// <summary>The names of a cluster: <c>scheduler/&lt;model&gt;</c>, <c>worker/&lt;slot&gt;</c>, <c>edge/&lt;device&gt;/&lt;session&gt;</c>.</summary>
public static class PeerNames
{
    /// <summary>Letters of a slot's or a device's name.</summary>
    public const int LengthMax = 63;

    private const string SchedulerPrefix = "scheduler/";
    private const string WorkerPrefix = "worker/";
    private const string EdgePrefix = "edge/";

    /// <param name="model">SHA-256 of the model, of which the first bytes name its scheduler.</param>
    public static string Scheduler(ReadOnlySpan<byte> model) => SchedulerOf(ModelOf(model));

    /// <param name="model">As names have it.</param>
    public static string SchedulerOf(string model) => SchedulerPrefix + model;

    public static string Worker(string slot) => WorkerPrefix + slot;

    public static string Edge(string device, string session) => $"{EdgePrefix}{device}/{session}";

    /// <summary>What a model is called where names must be short.</summary>
    public static string ModelOf(ReadOnlySpan<byte> model) => Convert.ToHexStringLower(model[..Math.Min(model.Length, 8)]);

    /// <summary>The slot of a worker's name; null: it is none.</summary>
    public static string? SlotOf(string name) => After(WorkerPrefix, name);

    /// <summary>The model of a scheduler's name; null: it is none.</summary>
    public static string? ModelOf(string name) => After(SchedulerPrefix, name);

    /// <summary>The device of a session's name; null: it is none.</summary>
    public static string? DeviceOf(string name) => After(EdgePrefix, name)?.Split('/') is [{ Length: > 0 } device, ..] ? device : null;

    /// <summary>A name of a node, a slot or a device: 1 to 63 letters a–z, digits, '-', '_' and '.', the first a letter or a digit.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= LengthMax && char.IsAsciiLetterOrDigit(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    private static string? After(string prefix, string name) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;
}

/// <summary>What members of a cluster say of themselves.</summary>
public static class ClusterRoles
{
    public const string Scheduler = "scheduler";

    public const string Worker = "worker";

    /// <summary>A device in a trusted network.</summary>
    public const string Edge = "edge";

    /// <summary>Nodes that keep the table of slots: schedulers and workers.</summary>
    public const string Slots = "slots";

    public static string SlotOf(string slot) => $"slot-{slot}";

    public static string ModelOf(string model) => $"model-{model}";

    public static string DeviceOf(string device) => $"device-{device}";
}
