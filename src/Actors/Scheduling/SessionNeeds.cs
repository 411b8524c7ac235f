using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a device said of itself and its link when it asked for a plan, and what it has reported since: what its plan is made from.</summary>
/// <param name="Device">What its machine takes, in all formats that its layers may have.</param>
/// <param name="MemoryBytesMax">Of its process.</param>
/// <param name="PerplexityRiseMax">+∞ for any.</param>
/// <param name="Declared">What the link is said to be; null where only measurements tell.</param>
public sealed record SessionNeeds(MachineProfile Device, long MemoryBytesMax, double PerplexityRiseMax, LinkProfile? Declared)
{
    private const int SampleCountMin = 8; // before a measurement counts
    private const double SlowdownMost = 100; // either way; beyond, a device does not know itself
    private const double Kept = 0.5; // of the slowdown so far
    private const double PredictedUsMin = 100; // less is next to nothing beside what its actors do
    private const int AnswerBytes = 32;

    public required int ChunkRows { get; init; }

    public required int ThreadCount { get; init; }

    public required int PromptCount { get; init; }

    /// <summary>Prompt and generated tokens together.</summary>
    public required int TokenCountMax { get; init; }

    /// <summary>What its tokens take over what its profile says.</summary>
    public double Slowdown { get; private init; } = 1;

    /// <summary>Null where that is not known, or the declared link is as it was declared.</summary>
    private LinkProfile? Measured { get; init; }

    /// <summary>What messages take over what was declared, where bytes and seconds do not tell more.</summary>
    private double DeclaredFactor { get; init; } = 1;

    public ILinkModel Uplink => Measured?.Up ?? Scaled(Declared?.Up);

    public ILinkModel Downlink => Measured?.Down ?? Scaled(Declared?.Down);

    /// <summary>R*, of the channel that was described; null for none.</summary>
    public double? Rate => Declared is { Channel: not null } link ? link.Up.BitsPerSecond : null;

    /// <summary>Null if the device does not describe itself, or not so that it can be planned for.</summary>
    public static SessionNeeds? Of(PlanRequest request)
    {
        if (request.Device is not { } device || device.Costs.ToProfile() is not { } profile)
            return null;
        if (!Plausible.IsRowCount(device.ChunkRows) || !Plausible.IsThreadCount(device.ThreadCount))
            return null;
        if (device.HasPerplexityRiseMax && !Plausible.IsRise(device.PerplexityRiseMax))
            return null;
        var tokenCountMax = (int)Math.Clamp(request.TokenCountMax, 1, int.MaxValue);
        var riseMax = device.HasPerplexityRiseMax ? device.PerplexityRiseMax : double.PositiveInfinity;
        var memoryBytesMax = device.HasMemoryBytesMax ? BytesOf(device.MemoryBytesMax) : long.MaxValue;
        return new SessionNeeds(profile, memoryBytesMax, riseMax, request.Link.ToProfile())
        {
            ChunkRows = (int)device.ChunkRows,
            ThreadCount = (int)device.ThreadCount,
            PromptCount = (int)Math.Clamp(request.PromptCount, 1, tokenCountMax),
            TokenCountMax = tokenCountMax,
        };
    }

    /// <param name="report">About the leg that the device is on.</param>
    /// <param name="predictedDeviceUs">What the plan expects of the device for a token; 0 if nothing.</param>
    public SessionNeeds After(LinkReport report, double predictedDeviceUs)
    {
        var needs = this with { MemoryBytesMax = report.HasMemoryBytesMax ? BytesOf(report.MemoryBytesMax) : long.MaxValue };
        if (report.TokenCount > 0 && predictedDeviceUs >= PredictedUsMin)
        {
            var ratio = Slowdown * report.DeviceUsSum / report.TokenCount / predictedDeviceUs;
            needs = needs with { Slowdown = Math.Clamp((Kept * Slowdown) + ((1 - Kept) * ratio), 1 / SlowdownMost, SlowdownMost) };
        }

        return report.Measured.ToTimes() is { SampleCount: >= SampleCountMin } measured && report.StepCount > 0 ? needs.Knowing(measured, report) : needs;
    }

    private static long BytesOf(ulong memoryBytesMax) => (long)Math.Min(memoryBytesMax, long.MaxValue);

    private ILinkModel Scaled(LinkDirection? direction) =>
        direction is null ? UnknownLink.Instance : DeclaredFactor == 1 ? direction : new ScaledLink(direction, DeclaredFactor);

    private SessionNeeds Knowing(MeasuredTimes measured, LinkReport report)
    {
        var roundTrip = measured.RoundTrip.TotalSeconds;
        if (measured.BitsPerSecond is { } rate)
            return this with { Measured = LinkProfile.Of(rate, rate, measured.RoundTrip, measured.Loss), DeclaredFactor = 1 };
        if (Declared is null)
            return this with { Measured = LinkProfile.Of(double.PositiveInfinity, double.PositiveInfinity, measured.RoundTrip, measured.Loss) };

        // Messages of one size: what a step and its answer take, which the declaration says as well.
        var stepBytes = (long)Math.Min(report.BytesSent / report.StepCount, Envelopes.BytesMax);
        var declared = Declared.Up.ExpectedSeconds(stepBytes) + Declared.Down.ExpectedSeconds(AnswerBytes);
        return this with { Measured = null, DeclaredFactor = declared > 0 && roundTrip > 0 ? roundTrip / (1 - measured.Loss) / declared : 1 };
    }
}
