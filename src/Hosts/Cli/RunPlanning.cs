using System.Globalization;
using SplitActors.Inference;
using SplitActors.Inference.Json;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>From which token on a device has so much memory.</summary>
internal readonly record struct MemoryChange(int AtToken, long Bytes);

/// <summary>What a scheduler that plans for the device has to choose from, and the limits.</summary>
internal sealed record RunPlanning
{
    private const int TokensMax = 1 << 24;

    /// <summary>Of the device's layers; empty: what the accuracy that is known allows.</summary>
    public required IReadOnlyList<WeightFormat> FrontWeights { get; init; }

    /// <summary>Of the device's keys and values; the first one is the worker's.</summary>
    public required IReadOnlyList<KvFormat> KeyValues { get; init; }

    /// <summary>Null: no limit.</summary>
    public required long? MemoryBytesMax { get; init; }

    /// <summary>Null: the default where something was measured.</summary>
    public required double? PerplexityRiseMax { get; init; }

    public required MemoryChange? MemoryChange { get; init; }

    public required string CacheFolder { get; init; }

    /// <exception cref="UserErrorException">A value is malformed, or given where nothing is planned.</exception>
    public static RunPlanning Read(SettingReader settings, bool isPlanned)
    {
        var groupSize = settings.OneOf(RunSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        if (!isPlanned)
        {
            foreach (var setting in new[] { RunSettings.DeviceMemory, RunSettings.DeviceMemoryAt, RunSettings.MaxRise })
            {
                if (settings.Find(setting) is var (text, place))
                {
                    throw new UserErrorException(
                        UserErrorKind.Options, $"{place} '{ShownText.Of(text)}'", "--split auto beside it", "another split",
                        "Leave it out, or let the scheduler plan.");
                }
            }
        }

        return new RunPlanning
        {
            FrontWeights = [.. settings.Integers(RunSettings.FrontBits, WeightFormat.SupportedBits, countMax: isPlanned ? int.MaxValue : 1).Select(bits => WeightFormat.Of(bits, groupSize))],
            KeyValues = settings.Integers(RunSettings.KvBits, RunOptions.KvBits, countMax: isPlanned ? int.MaxValue : 1) is { Count: > 0 } bits
                ? [.. bits.Select(count => (KvFormat)count)]
                : [KvFormat.Float16],
            MemoryBytesMax = settings.Parse<long>(RunSettings.DeviceMemory, SizeText.Expected, SizeText.Bytes),
            MemoryChange = settings.Parse<MemoryChange>(RunSettings.DeviceMemoryAt, "a number of tokens and a size, such as 20:45MB", ParseChange),
            PerplexityRiseMax = settings.Parse<double>(RunSettings.MaxRise, "a percentage of at least 0 such as 1%", SizeText.Share),
            CacheFolder = settings.Text(RunSettings.ProfileCache) ?? Planning.CacheFolder.Default,
        };
    }

    private static MemoryChange? ParseChange(string text) =>
        text.Split(':') is [var at, var size]
        && int.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var token) && token is > 0 and <= TokensMax
        && SizeText.Bytes(size) is > 0 and var bytes
            ? new MemoryChange(token, bytes)
            : null;
}
