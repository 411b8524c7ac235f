using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Profiling;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Planning;

/// <summary>A machine's speed, and where it is from.</summary>
/// <param name="Profile">For one model.</param>
/// <param name="ThreadCount">That compute.</param>
/// <param name="IsEstimate">By data sheet, not measured.</param>
/// <param name="Description">In words.</param>
internal sealed record KnownProfile(MachineProfile Profile, int ThreadCount, bool IsEstimate, string Description);

/// <summary>A user's data sheet of a machine.</summary>
/// <param name="Name">For tables and errors.</param>
/// <param name="Cores">That compute.</param>
/// <param name="MemoryGbPerSecond">10⁹ bytes per second.</param>
/// <param name="Int8GmacPerSecond">10⁹ multiplications per second, of all cores.</param>
/// <param name="FloatGmacPerSecond">Likewise, of float32.</param>
internal sealed record DataSheet(string Name, int Cores, double MemoryGbPerSecond, double Int8GmacPerSecond, double FloatGmacPerSecond);

/// <summary>Finds the profile that an option names.</summary>
internal sealed class ProfileSource
{
    /// <summary>What an option says for: this machine.</summary>
    public const string Measure = "measure";

    private const double Giga = 1e9;

    public required ModelConfig Config { get; init; }

    public required IReadOnlyCollection<WeightFormat> Weights { get; init; }

    public required IReadOnlyCollection<KvFormat> KeyValues { get; init; }

    /// <summary>Bytes of what is not quantized; null: 2 for each weight.</summary>
    public StoredSizes? Stored { get; init; }

    /// <summary>Codec and settings of a session, and the calibration of a split; null for none.</summary>
    public required (CompressionOptions Options, SplitCalibration? Calibration) Compression { get; init; }

    /// <summary>Where measurements are kept.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Whether to measure although there is a measurement.</summary>
    public required bool Refresh { get; init; }

    /// <summary>That are measured.</summary>
    public required int ThreadCount { get; init; }

    /// <summary>Told when a measurement begins, which takes a second or two.</summary>
    public Action? Measuring { get; init; }

    /// <param name="text">A machine of the catalog, <see cref="Measure"/>, or a file.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <param name="clock">Takes the times.</param>
    /// <param name="cancellation">Ends a measurement.</param>
    /// <exception cref="UserErrorException">There is no such machine or file, or it is wrong.</exception>
    public KnownProfile Find(string text, string place, TimeProvider clock, CancellationToken cancellation)
    {
        if (text == Measure)
            return OfThisMachine(clock, cancellation);
        if (HardwareCatalog.Find(text) is { } figures)
            return Estimate(figures);
        if (!File.Exists(text))
        {
            throw new UserErrorException(
                UserErrorKind.Options, place, $"one of {string.Join(", ", HardwareCatalog.Names)}, {Measure}, or a file", $"'{text}'", "Choose one of these.");
        }

        return OfFile(text);
    }

    private KnownProfile OfThisMachine(TimeProvider clock, CancellationToken cancellation)
    {
        var machine = MachineDescription.Of(ThreadCount);
        var storedWeightBytes = Stored?.WeightBytes ?? sizeof(ushort);
        var formats = Weights.SelectMany(format => KeyValues.Select(kv => (format, kv)));
        var path = Path.Combine(CacheFolder, MeasuredProfile.FileNameFor(machine, Config, formats, Compression.Options, storedWeightBytes));
        if (!Refresh && ReadKept(path) is { } kept)
            return Known(kept, $"measured before, {path}");

        Measuring?.Invoke();
        var start = clock.GetTimestamp();
        using var threads = new ComputeThreads(ThreadCount);
        var profile = MachineProbe.Measure(machine.Processor, Config, Weights, KeyValues, threads, clock, ProcessorCache.LastLevelBytes, storedWeightBytes, cancellation);
        var (encode, decode) = CodecProbe.Measure(Config.HiddenSize, Compression.Options, Compression.Calibration, clock, cancellation);
        var (handOver, arrival) = HandOverProbe.MeasureAsync(clock).GetAwaiter().GetResult();
        var measured = MeasuredProfile.Of(machine, Config, profile with { Session = new SessionCosts(encode, decode, handOver, arrival) });
        var elapsed = clock.GetElapsedTime(start);
        return Known(measured, $"measured in {elapsed.TotalSeconds:0.0} s, {Keep(path, measured)}");
    }

    /// <summary>Null if there is none that can be used.</summary>
    private MeasuredProfile? ReadKept(string path)
    {
        try
        {
            return File.Exists(path) ? MeasuredProfile.Read(path, Config) : null;
        }
        catch (UserErrorException) // damaged: it is measured again
        {
            return null;
        }
    }

    /// <summary>Where it is kept; a plan does not fail because there is no such place.</summary>
    private static string Keep(string path, MeasuredProfile measured)
    {
        try
        {
            JsonDocumentFile.Write(path, measured);
            return path;
        }
        catch (UserErrorException error)
        {
            return $"not kept: {error.Message}";
        }
    }

    private KnownProfile OfFile(string path)
    {
        if (!JsonDocumentFile.HasField(path, JsonDocumentFile.NameOf(nameof(DataSheet.MemoryGbPerSecond))))
            return Known(MeasuredProfile.Read(path, Config), path);
        var sheet = JsonDocumentFile.Read<DataSheet>(path, "a machine's name, cores, memory_gb_per_second, int8_gmac_per_second and float_gmac_per_second");
        double[] rates = [sheet.MemoryGbPerSecond, sheet.Int8GmacPerSecond, sheet.FloatGmacPerSecond];
        if (sheet.Cores < 1 || rates.Any(rate => !double.IsFinite(rate) || rate <= 0))
            throw new UserErrorException(UserErrorKind.Options, path, "at least one core, and rates above 0", $"{sheet}", "Correct the file.");
        return Estimate(new HardwareFigures(
            sheet.Name, sheet.Cores, sheet.MemoryGbPerSecond * Giga, sheet.Int8GmacPerSecond * Giga, sheet.FloatGmacPerSecond * Giga));
    }

    private static KnownProfile Known(MeasuredProfile measured, string origin) => new(
        measured.ToProfile(), measured.Machine.Threads, IsEstimate: false,
        $"{measured.Machine.Processor}, {measured.Machine.Threads} of {measured.Machine.ProcessorCount} processors, {origin}");

    private KnownProfile Estimate(HardwareFigures figures) => new(
        figures.ProfileOf(Config, Weights, KeyValues, Stored),
        figures.CoreCount,
        IsEstimate: true,
        $"{figures.Name}, estimated by data sheet: {figures.CoreCount} cores, {figures.BytesPerSecond / Giga:0.#} GB/s, "
            + $"{figures.Int8PerSecond / Giga:0} and {figures.FloatPerSecond / Giga:0} GMAC/s of int8 and float32");
}
