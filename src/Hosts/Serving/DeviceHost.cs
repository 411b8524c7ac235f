using System.Threading.Channels;
using Akka.Actor;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.Hosts.Serving;

/// <summary>What a session generates from.</summary>
/// <param name="Prompt">At least one token.</param>
/// <param name="Sampling">How tokens are drawn.</param>
/// <param name="TokensMax">Most to generate.</param>
internal sealed record Generation(IReadOnlyList<int> Prompt, SamplingOptions Sampling, int TokensMax);

/// <summary>Runs devices' sessions: the front layers that a plan asks for, loaded when it does.</summary>
/// <param name="runtime">Of the process.</param>
/// <param name="model">That they run.</param>
/// <param name="options">How they compute, and what they want.</param>
/// <param name="names">Where its sessions get theirs.</param>
/// <param name="scheduler">Its address.</param>
internal sealed class DeviceHost(NodeRuntime runtime, ServedModel model, ServingOptions options, INameHost names, string scheduler)
{
    private const int StepHeaderBytes = 64; // of message and frame
    private const int KvMessageBytesMax = 1 << 20;
    private const int KvChunkTokensMax = 64;

    /// <summary>What all sessions are told to do, where the device knows it; null: the scheduler alone does.</summary>
    public FixedPlan? Plan { get; init; }

    /// <summary>What the link is said to be; null where only measurements tell.</summary>
    public LinkProfile? Link { get; init; }

    /// <summary>Starts a session; <paramref name="observe"/> sees each event within the actor's turn.</summary>
    /// <returns>
    /// What happens, in order, up to <see cref="SessionEnded"/>, or to the <see cref="UserErrorException"/> that damaged front layers are, or to the cancellation of loading them;
    /// and the actor, for <see cref="CancelSession"/>.
    /// </returns>
    public (ChannelReader<SessionEvent> Events, IActorRef Actor) StartSession(
        SessionId session, string address, Generation generation, Action<SessionEvent> observe, IProgress<LoadProgress>? progress = null)
    {
        var edge = Describe(address, generation);
        var tokenCountMax = TokenCountMax(generation);
        var isRunning = false;
        var events = Channel.CreateUnbounded<SessionEvent>(new UnboundedChannelOptions { SingleReader = true }); // bounded by the tokens
        var actor = names.Start(address, peers => ActorProps.Of(() => new EdgeSessionActor(new EdgeState(session, edge), peers, LoadFront, Publish, runtime.Lanes)));
        actor.Tell(new StartSession([.. generation.Prompt]));
        return (events.Reader, actor);

        void Publish(SessionEvent sessionEvent)
        {
            isRunning |= sessionEvent is TokenGenerated;
            observe(sessionEvent);
            events.Writer.TryWrite(sessionEvent);
        }

        FrontEngine LoadFront(Plan plan)
        {
            try
            {
                var (weights, kv) = FrontOf(plan);
                var segment = Segment.Load(model.Checkpoint, LayerRange.Front((int)plan.SplitLayer), weights, isRunning ? null : progress, runtime.Threads);
                var calibrated = model.Calibrated(segment.Layers.End, plan.Compression?.CalibrationId);
                return new FrontEngine(segment, plan.Compression.ToOptions(), generation.Sampling, tokenCountMax, edge.ChunkTokensMax, kv, runtime.Threads, runtime.Clock, calibrated);
            }
            catch (Exception error) when (!isRunning && error is (UserErrorException or OperationCanceledException))
            {
                events.Writer.TryComplete(error); // it decides the exit code, which the session's end does not tell
                throw;
            }
        }
    }

    private EdgeOptions Describe(string address, Generation generation)
    {
        var config = model.Config;
        var edge = new EdgeOptions
        {
            Address = address,
            Scheduler = scheduler,
            ModelDigest = model.Digest,
            CalibrationId = model.CalibrationId,
            LayerCount = config.LayerCount,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            EndTokens = config.EosTokenIds,
            Sampling = generation.Sampling,
            GeneratedCountMax = generation.TokensMax,
            FallsBack = options.FallsBack,
            Handoff = HandoffOf(generation.TokensMax),
            Deadline = options.Deadline,
            Link = Link,
            StepBytesMax = (config.HiddenSize * sizeof(ushort)) + StepHeaderBytes,
            DeviceTime = Plan is { SplitLayer: > 0 } plan && options.Profile is { } timed ? timed.DeviceTime(plan.SplitLayer, config.LayerCount, TokenCountMax(generation)) : TimeSpan.Zero,
        };
        var patience = options.Patience ?? edge.RefusedTimeMax;
        return edge with
        {
            RefusedTimeMax = patience,
            SchedulerAttemptsMax = options.Patience is null ? edge.SchedulerAttemptsMax : Math.Max(edge.SchedulerAttemptsMax, (int)Math.Ceiling(patience / edge.AnswerTimeout)),
            FallbackAfter = options.FallbackAfter ?? edge.FallbackAfter,
            Device = Plan is null ? options.Profile?.Describe(edge.ChunkTokensMax, options.ThreadCount) : null,
        };
    }

    private int TokenCountMax(Generation generation) => Math.Min(model.Config.ContextLength, generation.Prompt.Count + generation.TokensMax);

    private HandoffOptions HandoffOf(int tokensMax)
    {
        var config = model.Config;
        var bytesPerToken = 2L * config.LayerCount * config.KvWidth * (int)options.KvFormat / 8;
        return new HandoffOptions
        {
            TokenCountMax = options.Handoff.TokenCountMaxOf(tokensMax),
            Deadline = options.Handoff.Deadline,
            Shipment = options.Handoff.Shipment,
            Config = config,
            KvFormat = options.KvFormat,
            CalibrationOf = model.Calibration is { } calibration ? calibration.For : null,
            ChunkTokensMax = (int)Math.Clamp(KvMessageBytesMax / bytesPerToken, 1, KvChunkTokensMax),
        };
    }

    /// <summary>As the plan has it, else as every device has it. Weights in 16 bits are those of the checkpoint.</summary>
    private (WeightFormat? Weights, KvFormat Kv) FrontOf(Plan plan) => plan.Front?.ToFormats() is var (weights, kv)
        ? (weights.IsQuantized ? weights : null, kv)
        : (options.FrontFormat, options.KvFormat);
}
