using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary>The text on standard output, token by token; prompt, events and ledger on standard error.</summary>
internal sealed class TextReport(
    TextWriter output, Tokenizer tokenizer, ModelConfig config, int promptTokens, string prompt, LoadingLine loading, TimeSpan? deadline, bool isQuiet) : IRunReport
{
    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly Ledger _ledger = new();
    private readonly List<SessionMoved> _moves = [];
    private Plan? _plan;
    private Compression? _compression;
    private bool _isDegraded;

    public void Plan(Plan plan)
    {
        _plan = plan;
        if (plan.Mode is ExecutionMode.Split or ExecutionMode.Handoff)
            _compression = plan.Compression;
        if (plan.Deadline is { } promised)
            DeadlineUpdated(promised);
    }

    /// <summary>A person is told when it becomes degraded or kept, not each time its degree changes.</summary>
    public void DeadlineUpdated(Deadline promised)
    {
        if (isQuiet || deadline is not { } asked || promised.PromisedUs > asked.TotalMicroseconds == _isDegraded)
            return;
        _isDegraded = !_isDegraded;
        loading.Clear();
        Console.Error.Write($"[{DeadlineText.Describe(asked, promised)}]{(_ledger.TokenCount == 0 ? "\n" : "")}");
    }

    public void Token(TokenGenerated generated)
    {
        if (_ledger.TokenCount == 0)
            ShowPrompt();
        _ledger.Add(generated.Bill);
        output.Write(_detokenizer.Append(generated.Token));
    }

    public void WorkerReplaced(WorkerReplaced replaced)
    {
        if (!isQuiet)
            Console.Error.Write($"[{replaced.Lost} is lost: {replaced.Reason}; asks for another one]");
    }

    public void Moved(SessionMoved moved)
    {
        _moves.Add(moved);
        if (!isQuiet)
            Console.Error.Write($"[{MoveText.Describe(moved)}]");
    }

    public void MoveAbandoned(MoveAbandoned abandoned)
    {
        if (!isQuiet)
            Console.Error.Write($"[stays: {abandoned.Detail}]");
    }

    public void End(SessionEnded ended, RunLink? link)
    {
        output.Write(_detokenizer.Flush() + "\n");
        loading.Clear();
        if (!isQuiet && _plan is not null)
            LedgerTable.Write(_plan, _compression, config, promptTokens, _ledger, _moves, ended, [.. LinkRows.Of(_ledger, link), .. DeadlineText.Rows(_ledger, deadline)]);
        if (ended.Reason is EndReason.Failed or EndReason.Refused)
            Console.Error.WriteLine($"splitactors: {ended.Detail}");
    }

    /// <summary>Where a person watches, the continuation follows its prompt; the output itself holds only the continuation.</summary>
    private void ShowPrompt()
    {
        loading.Clear();
        if (!isQuiet && !Console.IsErrorRedirected && !Console.IsOutputRedirected)
            Console.Error.Write(prompt);
    }
}
