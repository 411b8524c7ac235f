using System.Collections.Immutable;
using SplitActors.Actors;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>A device's session on <see cref="ChainFront"/>s, in virtual time, looked at after each message.</summary>
internal sealed class SimulatedEdge(EdgeState initial, IPeers transport, ClusterCosts costs, ObservedSession session, ClusterWatch watch, ProtocolSeams seams, SplitMix64 random)
    : EdgeShell<ChainFront>(initial, transport, session.Add)
{
    private const int JitterPercentMax = 10;
    private const int Float16Bytes = 2;
    private const int WorkerNamesMax = 4; // one more than small worlds have

    private static readonly TimeSpan LoadTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ShipTime = TimeSpan.FromMicroseconds(1);

    private readonly EdgeOptions _options = initial.Options;
    private readonly HedgeInvariants _hedges = new();
    private EdgeState _last = initial;

    public override void Receive(object message)
    {
        base.Receive(message is Received { Body: Plan { Alternatives.Count: > 0 } plan } told && session.StaleAlternativeRate > 0 ? told with { Body = Outdated(plan) } : message);
        if (EdgeInvariants.Find(_last, _options) is { } fault)
            watch.Violate(_options.Address, fault);
        if (_last.GeneratedCount != session.TokenCount)
            watch.Violate(_options.Address, $"{_last.GeneratedCount} tokens are generated, {session.TokenCount} published");
    }

    protected override (EdgeState State, ImmutableArray<EdgeEffect> Effects) Step(EdgeState state, object message, TimeSpan now)
    {
        var step = seams.EdgeStep(state, message, now);
        _last = step.State;
        if (_hedges.Find(state, message, step.State, step.Effects, now) is { } fault)
            watch.Violate(_options.Address, fault);
        return step;
    }

    /// <summary>Workers may be gone, full, have drained or be the session's own by the time at which it needs another.</summary>
    private Plan Outdated(Plan plan)
    {
        if (random.NextFraction() >= session.StaleAlternativeRate)
            return plan;
        var outdated = new Plan(plan);
        foreach (var alternative in outdated.Alternatives)
            (alternative.Worker, alternative.SpareSessionCount) = ($"worker/{random.Next(WorkerNamesMax)}", 1);
        return outdated;
    }

    /// <summary>What a session starts with, and the device alone, can always be loaded, and what a move needs mostly.</summary>
    protected override void Load(Plan plan)
    {
        var isUnavailable = session.LoadFailureRate > 0 && _last.Relocation is { IsFirst: false, IsFallback: false } && random.NextFraction() < session.LoadFailureRate;
        object loaded = isUnavailable
            ? new FrontUnavailable("The device has no memory for it.")
            : new ChainFront((int)plan.SplitLayer, _options.LayerCount, costs.Config.HiddenSize * Float16Bytes, _options.Sampling);
        Host.StartTimer("load", loaded, LoadTime * session.Slowdown());
    }

    protected override void Compute(ChainFront front, EdgeEffect.ComputeFront work)
    {
        var time = costs.DeviceTime(front.SplitLayer, work.Tokens.Length, work.Position + work.Tokens.Length)
            * session.Slowdown() * (1 + (0.01 * random.Next(JitterPercentMax + 1)));
        Host.StartTimer("compute", front.Compute(work, (long)time.TotalMicroseconds), time);
    }

    protected override void Ship(ChainFront source, ChainFront? front, EdgeEffect.ShipKeysAndValues work) =>
        Host.StartTimer("compute", source.Ship(work, front), ShipTime);
}
