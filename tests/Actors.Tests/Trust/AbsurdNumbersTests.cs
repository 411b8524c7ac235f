using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Planning;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Tests.Trust;

/// <summary>Numbers of devices and workers that enter planning: whatever they are, the scheduler goes on, and plans for others as before.</summary>
public sealed class AbsurdNumbersTests
{
    private const int WorldCount = 300;
    private const int MessageCount = 12;

    private static readonly double[] Doubles =
        [0, -0.0, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, -double.MaxValue, double.Epsilon, 1e300, 1e12, 3600, 3601, 1e-300];

    private static readonly ulong[] Integers = [0, 1, 64, int.MaxValue, 1UL << 31, uint.MaxValue, long.MaxValue, 1UL << 63, ulong.MaxValue];

    /// <summary>A failure names its seed.</summary>
    [Fact]
    public void Scheduler_ToldAnyNumbers_PlansForOthersAsBefore()
    {
        var plannedCount = 0;
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            var random = new SplitMix64(seed);
            var world = new PlanningWorld();
            world.Greet("worker/1", layerMs: 0.5);
            for (var message = 0; message < MessageCount; message++)
            {
                world.Now += TimeSpan.FromSeconds(random.Next(4));
                var (from, body) = Draw(random);
                try
                {
                    world.Receive(from, body);
                    foreach (var plan in world.Sent.OfType<Protocol.Plan>())
                    {
                        plannedCount++;
                        Assert.True(!plan.HasRate || double.IsFinite(plan.Rate));
                        Assert.True(plan.Expected is not { HasPerplexityRise: true } expected || double.IsFinite(expected.PerplexityRise));
                    }
                }
                catch (Exception exception)
                {
                    throw new InvalidOperationException($"Seed {seed}, message {message}: {body}.", exception);
                }
            }

            Assert.NotNull(world.Ask(PlanningWorld.Machine(1), session: 77));
        }

        Assert.InRange(plannedCount, WorldCount, int.MaxValue);
    }

    /// <summary>Overflowed the time that a link is described by, and so ended the scheduler.</summary>
    [Theory]
    [InlineData(1e300, 0)]
    [InlineData(double.PositiveInfinity, 0)]
    [InlineData(-1, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(100, 1)]
    [InlineData(100, double.NaN)]
    public void LinkReport_WithAnAbsurdMeasurement_IsNotBelieved(double roundTripUs, double loss)
    {
        var world = new PlanningWorld();
        world.Greet("worker/1", layerMs: 0.1);
        Assert.Equal(ExecutionMode.Cloud, world.Ask(PlanningWorld.Machine(1), roundTripMs: 2)!.Mode);
        world.Now += TimeSpan.FromSeconds(3);
        world.Receive("edge/1", new LinkReport
        {
            SessionId = 1,
            Revision = 1,
            StepCount = 32,
            BytesSent = ulong.MaxValue,
            Measured = new LinkMeasurement { RoundTripUs = roundTripUs, Loss = loss, BitsPerSecond = 1e6, SampleCount = 100 },
        });
        Assert.Null(world.Planned);
    }

    [Fact]
    public void MachineWithALongName_OrAMillionFormats_IsNotKept()
    {
        var costs = PlanningWorld.Machine(1).ToMessage();
        Assert.NotNull(costs.ToProfile());
        Assert.Null(new MachineCosts(costs) { Name = new string('x', 1 << 20) }.ToProfile());
        Assert.Null(new MachineCosts(costs) { Formats = { Enumerable.Range(0, 1_000_000).Select(_ => costs.Formats[0]) } }.ToProfile());
        Assert.Null(new MachineCosts(costs) { Encode = 1e300 }.ToProfile());
    }

    /// <summary>No memory is no absence of a limit.</summary>
    [Fact]
    public void Device_WithNoMemoryAtAll_GetsNoPlan_AndOneWithoutALimitGetsOne()
    {
        var world = new PlanningWorld();
        world.Greet("worker/1", layerMs: 1);
        Assert.Null(world.Ask(PlanningWorld.Machine(0.2), memoryBytesMax: 0));
        Assert.Equal(RejectReason.NoPlan, world.Rejected.Reason);
        Assert.NotNull(world.Ask(PlanningWorld.Machine(0.2), session: 2));
    }

    private static (string From, IMessage Body) Draw(SplitMix64 random)
    {
        IMessage body = random.Next(4) switch
        {
            0 => Report(),
            1 => Hello(),
            2 => new WorkerStatus { QueuedRows = 3, BatchCount = 10, RowsComputed = 10, LayersComputed = 80, LayerRowsComputed = 80, ComputeUsSum = 1000 },
            _ => Request(random),
        };
        for (var changes = random.Next(4); changes > 0; changes--)
            Change(body, random);
        return (body is Protocol.Hello or WorkerStatus ? $"worker/{random.Next(3)}" : $"edge/{1 + random.Next(3)}", body);
    }

    private static PlanRequest Request(SplitMix64 random) => new()
    {
        SessionId = (ulong)random.Next(2),
        TokenCountMax = 100,
        PromptCount = 10,
        DeadlineUs = 100_000,
        Device = new DeviceDescription { Costs = PlanningWorld.Machine(1).ToMessage(), ChunkRows = 64, ThreadCount = 1, MemoryBytesMax = 1 << 30, PerplexityRiseMax = 0.1 },
        Current = random.Next(2) == 0 ? null : new Protocol.Plan { Mode = ExecutionMode.Split, SplitLayer = 4, Worker = "worker/1", TokenCountMax = 50, Revision = 7, Compression = new Compression() },
        Link = (random.Next(2) == 0 ? PlanningWorld.Link(1) : LinkProfile.Rayleigh(new RayleighChannel(1e6, 10))).ToMessage(),
    };

    private static LinkReport Report() => new()
    {
        Revision = 1,
        StepCount = 32,
        BytesSent = 32_000,
        DeviceUsSum = 32_000,
        TokenCount = 32,
        MemoryBytesMax = 1 << 30,
        LinkUsWorst = 1000,
        Measured = new LinkMeasurement { RoundTripUs = 1000, BitsPerSecond = 1e6, SampleCount = 32 },
    };

    private static Hello Hello() => new()
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Quill.Digest,
        EndLayer = 8,
        SessionCountMax = 10,
        DeviceSessionCountMax = 5,
        Profile = new WorkerProfile { Costs = PlanningWorld.Machine(1).ToMessage(), BatchRowsMax = 128, KvBytesMax = 1 << 30, KvBytesPerLayer = 100 },
    };

    /// <summary>One number somewhere in the message becomes another.</summary>
    private static void Change(IMessage message, SplitMix64 random)
    {
        while (true)
        {
            var fields = message.Descriptor.Fields.InDeclarationOrder();
            var field = fields[random.Next(fields.Count)];
            var value = field.Accessor.GetValue(message);
            if (value is RepeatedField<FormatCosts> { Count: > 0 } formats)
                value = formats[random.Next(formats.Count)];
            if (value is IMessage inner)
            {
                message = inner;
                continue;
            }

            if (field.IsRepeated || Absurd(field.FieldType, random) is not { } number)
                return;
            field.Accessor.SetValue(message, number);
            return;
        }
    }

    private static object? Absurd(FieldType type, SplitMix64 random) => type switch
    {
        FieldType.Double => Doubles[random.Next(Doubles.Length)],
        FieldType.UInt32 => (uint)Math.Min(Integers[random.Next(Integers.Length)], uint.MaxValue),
        FieldType.UInt64 or FieldType.Fixed64 => Integers[random.Next(Integers.Length)],
        _ => null,
    };
}
