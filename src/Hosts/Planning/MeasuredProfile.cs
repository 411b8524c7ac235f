using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Planning;

/// <summary>A machine, by what its speed depends on.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="ProcessorCount">As the system counts them.</param>
/// <param name="Threads">That compute.</param>
internal sealed record MachineDescription(string Processor, int ProcessorCount, int Threads)
{
    private const string LinuxProcessors = "/proc/cpuinfo";

    /// <summary>This machine.</summary>
    public static MachineDescription Of(int threadCount) => new(ProcessorName(), Environment.ProcessorCount, threadCount);

    private static string ProcessorName()
    {
        if (OperatingSystem.IsLinux() && File.Exists(LinuxProcessors))
        {
            foreach (var field in new[] { "model name", "Model", "Hardware", "CPU part" }) // x64; Arm boards
            {
                var line = File.ReadLines(LinuxProcessors).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
                if (line?.Split(':') is [_, var name])
                    return name.Trim();
            }
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? $"{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture}";
    }
}

/// <summary>The sizes of a model that its speed depends on.</summary>
internal sealed record ModelSizes(
    int LayerCount, int HiddenSize, int IntermediateSize, int HeadCount, int KvHeadCount, int HeadDim, int VocabularySize, int ContextLength)
{
    public static ModelSizes Of(ModelConfig config) => new(
        config.LayerCount, config.HiddenSize, config.IntermediateSize, config.HeadCount, config.KvHeadCount, config.HeadDim, config.VocabularySize, config.ContextLength);
}

/// <summary>One combination of formats: seconds of a pass, of each row, and of each position that a row attends to.</summary>
internal sealed record MeasuredFormat(
    int WeightBits, int GroupSize, int KvBits, LinearCost PrefillLayer, LinearCost DecodeLayer, LinearCost Head, LinearCost Embedding, WakeCost Wake);

/// <summary>A measured profile as a file, which another machine may plan with.</summary>
internal sealed record MeasuredProfile(string Version, MachineDescription Machine, ModelSizes Model, SessionCosts Session, IReadOnlyList<MeasuredFormat> Formats)
{
    public const string Expected = "a profile that `splitactors plan --device-profile measure` wrote, for this version and model";

    /// <summary>Of the program: another one may be faster.</summary>
    public static string ProgramVersion { get; } = typeof(MeasuredProfile).Assembly.GetName().Version!.ToString(3);

    public static MeasuredProfile Of(MachineDescription machine, ModelConfig config, MachineProfile profile) => new(
        ProgramVersion, machine, ModelSizes.Of(config), profile.Session,
        [
            .. profile.Formats.Select(entry => new MeasuredFormat(
                entry.Key.Weights.Bits, entry.Key.Weights.GroupSize, (int)entry.Key.Kv, entry.Value.PrefillLayer, entry.Value.DecodeLayer, entry.Value.Head, entry.Value.Embedding,
                entry.Value.Wake)),
        ]);

    public MachineProfile ToProfile() => new(
        Machine.Processor,
        Formats.ToDictionary(
            format => (WeightFormat.Of(format.WeightBits, format.GroupSize), (KvFormat)format.KvBits),
            format => new ComputeProfile(format.PrefillLayer, format.DecodeLayer, format.Head, format.Embedding, format.Wake)))
    {
        Session = Session,
    };

    /// <summary>The file of a measurement in the cache: a name that changes with all that it depends on.</summary>
    public static string FileNameFor(MachineDescription machine, ModelConfig config, IEnumerable<(WeightFormat Weights, KvFormat Kv)> formats, CompressionOptions compression, int storedWeightBytes)
    {
        var names = formats.Select(format => $"{(format.Weights.IsQuantized || storedWeightBytes == sizeof(ushort) ? $"{format.Weights}" : $"{8 * storedWeightBytes} bits")}/{(int)format.Kv}").Order(StringComparer.Ordinal);
        var key = JsonSerializer.Serialize(new { ProgramVersion, machine, Model = ModelSizes.Of(config), Formats = names, Compression = $"{compression}" });
        return $"profile-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16]}.json";
    }

    /// <exception cref="UserErrorException">It is not such a file, or of another model or version.</exception>
    public static MeasuredProfile Read(string path, ModelConfig config)
    {
        var found = JsonDocumentFile.Read<MeasuredProfile>(path, Expected);
        if (found.Model != ModelSizes.Of(config))
            throw new UserErrorException(UserErrorKind.Options, path, $"a profile for {ModelSizes.Of(config)}", $"one for {found.Model}", "Measure it for this model.");
        if (found.Formats.Any(format => !IsSound(format)) || !AreSound([found.Session.EncodeSeconds, found.Session.DecodeSeconds, found.Session.HandOverSeconds, found.Session.ArrivalSeconds]))
            throw new UserErrorException(UserErrorKind.Options, path, "known formats, and times that are finite and not negative", "others", "Measure it again.");
        return found;
    }

    private static bool IsSound(MeasuredFormat format) =>
        WeightFormat.Of(format.WeightBits, format.GroupSize).IsSupported && Enum.IsDefined((KvFormat)format.KvBits)
        && new[] { format.PrefillLayer, format.DecodeLayer, format.Head, format.Embedding }.All(cost => AreSound([cost.PassSeconds, cost.RowSeconds, cost.PositionSeconds]))
        && AreSound([format.Wake.PassSeconds, format.Wake.LayerSeconds]);

    private static bool AreSound(double[] seconds) => seconds.All(value => double.IsFinite(value) && value >= 0);
}
