using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary>The text on standard output, token by token; prompt, events and ledger on standard error.</summary>
internal sealed class TextReport(
    TextWriter output, Tokenizer tokenizer, ModelConfig config, int promptTokens, string prompt, LoadingLine loading, bool isQuiet) : IRunReport
{
    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly Ledger _ledger = new();
    private readonly List<SessionMoved> _moves = [];
    private Plan? _plan;

    public void Plan(Plan plan) => _plan = plan;

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

    public void End(SessionEnded ended)
    {
        output.Write(_detokenizer.Flush() + "\n");
        loading.Clear();
        if (!isQuiet && _plan is not null)
            LedgerTable.Write(_plan, config, promptTokens, _ledger, _moves, ended);
        if (ended.Reason == EndReason.Failed)
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
