using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// One JSON object per line on standard output: "plan", "token", "worker_replaced", "moved", "move_abandoned", "deadline_updated", and "ledger" at the end.
/// </summary>
internal sealed class JsonReport(TextWriter output, Tokenizer tokenizer, ModelConfig config, int promptTokens, TimeSpan? deadline) : IRunReport
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly Ledger _ledger = new();
    private readonly List<SessionMoved> _moves = [];
    private readonly StringBuilder _text = new();
    private Plan? _plan;
    private Deadline? _promised;

    public void Plan(Plan plan)
    {
        (_plan, _promised) = (plan, plan.Deadline);
        WriteLine("plan", WritePlan);
    }

    public void Token(TokenGenerated generated)
    {
        _ledger.Add(generated.Bill);
        var text = _detokenizer.Append(generated.Token);
        _text.Append(text);
        WriteLine("token", json =>
        {
            json.WriteNumber("index", _ledger.TokenCount - 1);
            json.WriteNumber("id", generated.Token);
            json.WriteString("text", text);
            WriteBill(json, generated.Bill);
        });
    }

    public void WorkerReplaced(WorkerReplaced replaced) => WriteLine("worker_replaced", json =>
    {
        json.WriteString("lost", replaced.Lost);
        json.WriteString("reason", replaced.Reason);
    });

    public void Moved(SessionMoved moved)
    {
        _moves.Add(moved);
        WriteLine("moved", json => MoveText.Write(json, moved));
    }

    public void MoveAbandoned(MoveAbandoned abandoned) => WriteLine("move_abandoned", json =>
    {
        json.WriteNumber("split_layer", abandoned.To.SplitLayer);
        json.WriteString("reason", abandoned.Detail);
    });

    public void DeadlineUpdated(Deadline promised)
    {
        _promised = promised;
        WriteLine("deadline_updated", WriteDeadline);
    }

    public void End(SessionEnded ended, RunLink? link)
    {
        _text.Append(_detokenizer.Flush());
        WriteLine("ledger", json => WriteLedger(json, ended, link));
        if (ended.Reason is EndReason.Failed or EndReason.Refused)
            Console.Error.WriteLine($"splitactors: {ended.Detail}");
    }

    private void WriteLedger(Utf8JsonWriter json, SessionEnded ended, RunLink? link)
    {
        if (_plan is not null)
            WritePlan(json);
        json.WriteString("text", _text.ToString());
        json.WriteString("end_reason", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{ended.Reason}"));
        json.WriteString("detail", ended.Detail);
        json.WriteNumber("prompt_tokens", promptTokens);
        json.WriteNumber("generated_tokens", _ledger.TokenCount);
        WriteNullable(json, "ttft_us", _ledger.TtftUs);
        WriteNullable(json, "tpot_us_p50", _ledger.TpotUs(50));
        WriteNullable(json, "tpot_us_p99", _ledger.TpotUs(99));
        WriteNullable(json, "tokens_per_second", _ledger.TokensPerSecond);
        WriteNullable(json, "compression_ratio", _ledger.CompressionRatio);
        json.WriteStartArray("moves");
        foreach (var moved in _moves)
        {
            json.WriteStartObject();
            MoveText.Write(json, moved);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        LinkJson.Write(json, _ledger, link);
        WriteBill(json, _ledger.Total);
    }

    /// <summary>The field "deadline"; null where none was asked for.</summary>
    private void WriteDeadline(Utf8JsonWriter json)
    {
        if (deadline is not { } asked)
        {
            json.WriteNull("deadline");
            return;
        }

        json.WriteStartObject("deadline");
        json.WriteNumber("asked_us", (long)asked.TotalMicroseconds);
        WriteNullable(json, "promised_us", _promised?.PromisedUs);
        WriteNullable(json, "device_us", _promised?.DeviceUs);
        json.WriteString("detail", _promised?.Detail);
        json.WriteString("verdict", DeadlineText.Verdict(_ledger));
        json.WriteEndObject();
    }

    private void WritePlan(Utf8JsonWriter json)
    {
        json.WriteString("mode", _plan!.Mode.ToString().ToLowerInvariant());
        json.WriteNumber("split_layer", _plan.SplitLayer);
        json.WriteNumber("layer_count", config.LayerCount);
        json.WriteString("worker", _plan.Worker.Length > 0 ? _plan.Worker : null);
        CompressionText.Write(json, _plan.Mode == ExecutionMode.Split ? _plan.Compression : null);
        PlanText.Write(json, _plan);
        WriteDeadline(json);
    }

    private static void WriteBill(Utf8JsonWriter json, TokenBill bill)
    {
        json.WriteStartObject("bill");
        json.WriteNumber("rows", bill.RowCount);
        json.WriteNumber("raw_bytes", bill.RawBytes);
        json.WriteNumber("frame_bytes", bill.FrameBytes);
        json.WriteNumber("message_bytes", bill.MessageBytes);
        json.WriteNumber("kv_bytes", bill.KvBytes);
        json.WriteNumber("resent_messages", bill.ResentCount);
        json.WriteNumber("hedges_opened", bill.HedgeCount);
        json.WriteNumber("hedges_won", bill.HedgeWonCount);
        json.WriteNumber("hedges_lost", bill.HedgeLostCount);
        json.WriteNumber("hedged_rows", bill.HedgeRowCount);
        json.WriteNumber("outliers", bill.OutlierCount);
        json.WriteStartObject("tokens_by_bits");
        for (var bits = 0; bits < bill.BitsHistogram.Length; bits++)
        {
            if (bill.BitsHistogram[bits] > 0)
                json.WriteNumber($"{bits}", bill.BitsHistogram[bits]);
        }

        json.WriteEndObject();
        json.WriteNumber("edge_compute_us", bill.EdgeComputeUs);
        json.WriteNumber("encode_us", bill.EncodeUs);
        json.WriteNumber("transport_us", bill.TransportUs);
        json.WriteNumber("queue_us", bill.QueueUs);
        json.WriteNumber("decode_us", bill.DecodeUs);
        json.WriteNumber("worker_compute_us", bill.WorkerComputeUs);
        json.WriteNumber("elapsed_us", bill.ElapsedUs);
        json.WriteNumber("deadline_kept", bill.KeptCount);
        json.WriteNumber("deadline_degraded", bill.DegradedCount);
        json.WriteNumber("deadline_missed", bill.MissedCount);
        json.WriteEndObject();
    }

    private static void WriteNullable(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private void WriteLine(string type, Action<Utf8JsonWriter> writeFields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            writeFields(json);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
