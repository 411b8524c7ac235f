using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Sampling;

namespace SplitActors.Simulation.Arithmetic;

/// <summary>The device's arithmetic for one session, as <see cref="FrontEngine"/> has it, on a <see cref="TokenChain"/>.</summary>
/// <param name="splitLayer">ℓ: layers on the device.</param>
/// <param name="layerCount">L; with all layers it draws tokens itself.</param>
/// <param name="rowBytes">Of a hidden state as float16.</param>
/// <param name="sampling">Used with all layers.</param>
internal sealed class ChainFront(int splitLayer, int layerCount, int rowBytes, SamplingOptions sampling)
{
    // By position: its cache.
    private readonly List<ulong> _rows = [];
    private readonly List<ulong> _backs = [];

    /// <summary>Tokens in its cache.</summary>
    public int TokenCount => _rows.Count;

    public int SplitLayer => splitLayer;

    private ulong LastRow => _rows.Count > 0 ? _rows[^1] : TokenChain.Start;

    private ulong LastBack => _backs.Count > 0 ? _backs[^1] : TokenChain.Start;

    /// <param name="work">Tokens in the cache at and behind its position are forgotten.</param>
    /// <param name="computeUs">What the bill says.</param>
    /// <exception cref="InvalidOperationException">It would leave a gap.</exception>
    public FrontComputed Compute(EdgeEffect.ComputeFront work, long computeUs)
    {
        Require(work.Position <= TokenCount, $"computes position {work.Position} with {TokenCount} tokens in its cache");
        Truncate(work.Position);
        foreach (var token in work.Tokens)
            Append(TokenChain.Front(LastRow, token, TokenCount));

        var count = work.Tokens.Length;
        if (splitLayer == layerCount)
        {
            int? token = work.Generated is { } generated ? TokenChain.Draw(LastBack, sampling, TokenCount, HistoryOf(generated)) : null;
            return new FrontComputed(work.Position, count, Frame: null, Statistics: null, token, computeUs, EncodeUs: 0);
        }

        var frame = ChainFrame.Encode([.. _rows.TakeLast(count)], splitLayer, ChainContent.HiddenStates);
        var statistics = new FrameStatistics { FrameBytes = frame.Length, PayloadBytes = frame.Length, Float16Bytes = (long)count * rowBytes };
        return new FrontComputed(work.Position, count, frame, statistics, Token: null, computeUs, EncodeUs: 0);
    }

    /// <summary>Encodes keys and values for a worker, and gives the front that follows on the device its share.</summary>
    /// <exception cref="InvalidOperationException">They are not there, or the front is elsewhere.</exception>
    public FrontComputed Ship(EdgeEffect.ShipKeysAndValues work, ChainFront? front)
    {
        Require(work.Position + work.Count <= TokenCount, $"ships positions {work.Position}–{work.Position + work.Count - 1} with {TokenCount} tokens in its cache");
        var rows = _rows.GetRange(work.Position, work.Count);
        if (front is not null)
        {
            Require(front.TokenCount == work.Position, $"gives position {work.Position} to a front with {front.TokenCount} tokens in its cache");
            rows.ForEach(front.Append);
        }

        var frame = ChainFrame.Encode([.. rows], front?.SplitLayer ?? 0, ChainContent.KeysAndValues);
        return new FrontComputed(work.Position, work.Count, frame, Statistics: null, Token: null, ComputeUs: 0, EncodeUs: 0) { IsKeysAndValues = true };
    }

    private void Append(ulong row)
    {
        _rows.Add(row);
        _backs.Add(TokenChain.Back(LastBack, row));
    }

    private void Truncate(int position)
    {
        _rows.RemoveRange(position, TokenCount - position);
        _backs.RemoveRange(position, _backs.Count - position);
    }

    private static ulong HistoryOf(ImmutableArray<int> generated)
    {
        var history = TokenChain.Start;
        foreach (var token in generated)
            history = TokenChain.History(history, token);
        return history;
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException($"The device {otherwise}.");
    }
}
