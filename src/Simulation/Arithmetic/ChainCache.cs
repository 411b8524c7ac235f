using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;

namespace SplitActors.Simulation.Arithmetic;

/// <summary>The worker's arithmetic for one session, as <see cref="BackEngine"/> has it, on a <see cref="TokenChain"/>, with what a cache of keys and values is there.</summary>
/// <param name="splitLayer">ℓ of the session.</param>
/// <param name="tokenCountMax">Most tokens.</param>
internal sealed class ChainCache(int splitLayer, int tokenCountMax)
{
    private ulong _row = TokenChain.Start;
    private ulong _back = TokenChain.Start;
    private ulong _history = TokenChain.Start;
    private int _historyCount;

    public int TokenCount { get; private set; }

    public int TokenCountMax => tokenCountMax;

    /// <summary>Runs a step, or stores its keys and values.</summary>
    /// <param name="entry">Begins where the cache ends.</param>
    /// <param name="kvBytes">Of the cache after so many tokens.</param>
    /// <exception cref="InvalidOperationException">It begins elsewhere, or ends beyond the cache.</exception>
    public EntryResult Compute(BatchEntry entry, Func<int, long> kvBytes)
    {
        var step = entry.Step;
        if (step.Position != TokenCount || TokenCount + step.TokenCount > tokenCountMax)
            throw new InvalidOperationException($"The worker computes positions {step.Position}–{step.Position + step.TokenCount - 1} with {TokenCount} of {tokenCountMax} tokens in the cache.");
        var rows = new ulong[step.TokenCount];
        if (!TryRead(step, rows))
            return new EntryResult(entry, Token: null, new Refusal(RejectReason.BadFrame, "The frame cannot be decoded."), kvBytes(TokenCount));
        foreach (var row in rows)
            _back = TokenChain.Back(_back, _row = row);
        TokenCount += rows.Length;
        int? token = step.Samples ? TokenChain.Draw(_back, entry.Session.Sampling, TokenCount, HistoryOf(entry.Session)) : null;
        return new EntryResult(entry, token, Refusal: null, kvBytes(TokenCount));
    }

    private bool TryRead(DecodeStep step, Span<ulong> rows)
    {
        if (step.ContentCase == DecodeStep.ContentOneofCase.KeysAndValues)
            return ChainFrame.TryDecode(step.KeysAndValues.Span, splitLayer, ChainContent.KeysAndValues, rows);
        if (step.ContentCase == DecodeStep.ContentOneofCase.Frame)
            return ChainFrame.TryDecode(step.Frame.Span, splitLayer, ChainContent.HiddenStates, rows);
        for (var i = 0; i < rows.Length; i++)
            rows[i] = TokenChain.Front(i == 0 ? _row : rows[i - 1], (int)step.Tokens.Ids[i], TokenCount + i);
        return true;
    }

    /// <summary>Of the tokens that were generated since it was last asked for, and all before.</summary>
    private ulong HistoryOf(WorkerSession session)
    {
        for (; _historyCount < session.Generated.Count; _historyCount++)
            _history = TokenChain.History(_history, session.Generated[_historyCount]);
        return _history;
    }
}
