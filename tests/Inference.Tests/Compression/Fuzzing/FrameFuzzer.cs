using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Frames;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>
/// Gives decoders what anyone may send, and throws if one throws, allocates more than it may, accepts sizes beyond its limits, or does to its destination
/// what its documentation does not say. The message has the seed, the input's number and its bytes.
/// </summary>
internal sealed class FrameFuzzer : IDisposable
{
    private const int BatchInputs = 100_000;
    private const int ExplainedEvery = 64; // it allocates

    /// <summary>
    /// Of all hidden states of a batch: nothing once all frequency tables are built, but at a collection the runtime counts the rest of the thread's buffer,
    /// up to 8 KiB, as allocated.
    /// </summary>
    private const long HiddenBatchBytesMax = 512 << 10;

    /// <summary>Of one frame of keys and values on average: enumerators and the owners of rented buffers, not the buffers.</summary>
    private const int KvFrameBytesMax = 256;

    private readonly int _seed;
    private readonly byte[][] _corpus;
    private readonly FrameMutator _mutator;
    private readonly HiddenReceiver _hidden;
    private readonly KvReceiver[] _caches;
    private long _kvInputs;

    /// <param name="seed">Draws all inputs.</param>
    /// <param name="corpus">Frames to begin with.</param>
    /// <param name="calibration">Of those that need one.</param>
    public FrameFuzzer(int seed, byte[][] corpus, SplitCalibration calibration)
    {
        (_seed, _corpus, _mutator, _hidden) = (seed, corpus, new FrameMutator(seed, corpus, calibration), new HiddenReceiver(calibration));
        _caches = [.. KvCorpus.Formats.Select(format => new KvReceiver(new KvCorpus(new FrameChecksum(calibration)), format))];
        foreach (var frame in new FrameCorpus(calibration).EveryTable().Concat(corpus))
            _ = Decode(frame, out _);
    }

    public FuzzCounts Counts { get; } = new();

    /// <summary>Bytes that decoding hidden states has allocated, in all batches.</summary>
    public long HiddenBytes { get; private set; }

    /// <summary>Likewise keys and values.</summary>
    public long KvBytes { get; private set; }

    public void Dispose()
    {
        foreach (var cache in _caches)
            cache.Dispose();
    }

    /// <param name="inputCount">More inputs.</param>
    /// <param name="afterBatch">Told after each batch.</param>
    public void Run(long inputCount, Action? afterBatch = null)
    {
        for (var done = 0L; done < inputCount; done += BatchInputs)
        {
            RunBatch((int)Math.Min(BatchInputs, inputCount - done));
            afterBatch?.Invoke();
        }
    }

    private void RunBatch(int inputCount)
    {
        var (hiddenBytes, kvBytes, kvInputs) = (_hidden.AllocatedBytes, KvAllocatedBytes, _kvInputs);
        for (var i = 0; i < inputCount; i++)
        {
            var input = _mutator.Next();
            try
            {
                var status = Decode(input, out var isKeysAndValues);
                Counts.Add(isKeysAndValues, _mutator.IsRepaired, status);
                if (status == DecodeStatus.Ok && !_mutator.IsRepaired)
                    CheckUnchanged(input);
                if (Counts.InputCount % ExplainedEvery == 0)
                    CheckExplanation(input, status);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {_seed}, input {Counts.InputCount}, {Convert.ToHexString(input)}: {e.Message}", e);
            }
        }

        (hiddenBytes, kvBytes, kvInputs) = (_hidden.AllocatedBytes - hiddenBytes, KvAllocatedBytes - kvBytes, _kvInputs - kvInputs);
        (HiddenBytes, KvBytes) = (HiddenBytes + hiddenBytes, KvBytes + kvBytes);
        if (hiddenBytes > HiddenBatchBytesMax || kvBytes > HiddenBatchBytesMax + (KvFrameBytesMax * kvInputs))
            throw new InvalidOperationException($"Seed {_seed}, up to input {Counts.InputCount}: hidden states allocated {hiddenBytes} bytes, {kvInputs} frames of keys and values {kvBytes}.");
    }

    /// <summary>A frame whose checksum nobody repaired is one of the corpus, by changes that cancelled each other or none.</summary>
    private void CheckUnchanged(ReadOnlySpan<byte> input)
    {
        foreach (var frame in _corpus)
        {
            if (input.SequenceEqual(frame))
                return;
        }

        throw new InvalidOperationException("A damaged frame passed its checksum.");
    }

    /// <summary>The explanation throws nothing either, and finds a fault where the decoder does.</summary>
    private static void CheckExplanation(ReadOnlySpan<byte> input, DecodeStatus status)
    {
        if (status is DecodeStatus.WrongDestination or DecodeStatus.DestinationFull)
            return; // of the receiver alone
        var explanation = FrameExplanation.Of(input);
        if (status == DecodeStatus.Ok ? explanation.Fault is not null : explanation.Summary is not null)
            throw new InvalidOperationException($"Decoding said {status}, the explanation {explanation.Fault?.Expected ?? "that it decodes"}.");
    }

    private long KvAllocatedBytes => _caches.Sum(cache => cache.AllocatedBytes);

    private DecodeStatus Decode(ReadOnlySpan<byte> bytes, out bool isKeysAndValues)
    {
        var status = FrameDecoder.TryReadHeader(bytes, out var header);
        isKeysAndValues = status == DecodeStatus.Ok && header.Content == FrameContent.KeysAndValues;
        if (status == DecodeStatus.Ok && (header.Rows is < 1 or > FrameLimits.RowsMax || header.Width is < 1 or > FrameLimits.WidthMax || (long)header.Rows * header.Width > FrameLimits.ValuesMax))
            throw new InvalidOperationException($"A header of {header.Rows} x {header.Width} values was accepted.");
        return isKeysAndValues ? CacheFor(bytes[header.HeaderBytes]).Decode(bytes) : _hidden.Decode(bytes, status == DecodeStatus.Ok ? header.ValueCount : 0);
    }

    /// <summary>Every other time one of the format that the payload begins with, if it does, so that frames of stored vectors get somewhere.</summary>
    private KvReceiver CacheFor(byte form)
    {
        var turn = _kvInputs++;
        var fitting = KvCorpus.Formats.IndexOf((KvFormat)form);
        return _caches[turn % 2 == 0 && fitting >= 0 ? fitting : turn / 2 % _caches.Length];
    }
}
