using System.Collections.Immutable;

namespace SplitActors.Actors.Protocol;

/// <summary>What one device has of what all share.</summary>
/// <param name="SessionCount">Of all its processes.</param>
/// <param name="TokenCount">That these sessions may come to hold.</param>
public readonly record struct DeviceHolding(int SessionCount, long TokenCount)
{
    public override string ToString() => $"{SessionCount} sessions with {TokenCount} tokens";
}

/// <summary>The most that one device may have, so that none takes all.</summary>
public readonly record struct DeviceLimit(int SessionCountMax, long TokenCountMax)
{
    public static DeviceLimit None { get; } = new(int.MaxValue, long.MaxValue);

    public bool Holds(DeviceHolding holding) => holding.SessionCount <= SessionCountMax && holding.TokenCount <= TokenCountMax;

    /// <summary>Whether one more session of so many tokens is within the limit.</summary>
    public bool HoldsWith(DeviceHolding holding, long tokenCount) =>
        Holds(new DeviceHolding(holding.SessionCount + 1, holding.TokenCount + tokenCount));

    public override string ToString() => $"{SessionCountMax} sessions with {TokenCountMax} tokens";
}

/// <summary>What each device has; kept with each change, so that no question about it costs more for more sessions.</summary>
public sealed record DeviceHoldings
{
    public static DeviceHoldings None { get; } = new();

    private ImmutableDictionary<DeviceId, DeviceHolding> ByDevice { get; init; } = ImmutableDictionary<DeviceId, DeviceHolding>.Empty;

    public DeviceHolding Of(DeviceId device) => ByDevice.GetValueOrDefault(device);

    public DeviceHoldings Add(DeviceId device, long tokenCount)
    {
        var holding = Of(device);
        return new() { ByDevice = ByDevice.SetItem(device, new DeviceHolding(holding.SessionCount + 1, holding.TokenCount + tokenCount)) };
    }

    /// <summary>Takes back what was added.</summary>
    public DeviceHoldings Remove(DeviceId device, long tokenCount)
    {
        var holding = Of(device);
        var left = new DeviceHolding(holding.SessionCount - 1, holding.TokenCount - tokenCount);
        return new() { ByDevice = left.SessionCount == 0 ? ByDevice.Remove(device) : ByDevice.SetItem(device, left) };
    }
}
