using System.Globalization;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Hosts.Serving;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd.Member;

/// <summary>
/// What a member of a cluster on loopback adds to the time of a token, against the same in process, session by session in turn: back to
/// back, and paced as decoding on a larger model is, where
/// threads sleep between two tokens and wake late.
/// </summary>
internal static class MemberBenchmark
{
    private const int WarmUpCount = 12; // until the code is compiled for good

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Of device and worker; the second is what the method is for.</summary>
    private static readonly (int Front, int Back)[] WeightBits = [(16, 16), (4, 16), (8, 8), (4, 4)];

    public static async Task RunAsync(int roundCount)
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var model = new ServedModel(checkpoint, calibration: null, predicts: false);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"medians of {roundCount} interleaved rounds after {WarmUpCount}, p50 of the tokens of a session in each, ms; least–most in brackets"));
        Console.WriteLine(
            """

            | weights, device and worker | pace | in process | as members | overhead | of it messages | held as long, in process: overhead |
            |---|--:|--:|--:|--:|--:|--:|
            """);
        foreach (var (front, back) in WeightBits)
            await RunAsync(model, front, back, TimeSpan.Zero, WarmUpCount, roundCount);
        await RunAsync(model, WeightBits[0].Front, WeightBits[0].Back, Pace, warmUpCount: 2, (roundCount + 2) / 3);
    }

    private static async Task RunAsync(ServedModel model, int frontBits, int backBits, TimeSpan pause, int warmUpCount, int roundCount)
    {
        var held = new HeldPeers(new LocalPeers());
        var (front, back) = (FormatOf(frontBits), FormatOf(backBits));
        await using var inProcess = TokenCluster.InProcess(model, front, back, new LocalPeers());
        await using var waiting = TokenCluster.InProcess(model, front, back, held);
        await using var members = await TokenCluster.OfMembersAsync(model, front, back);
        var rounds = new List<Round>();
        for (var i = 0; i < warmUpCount + roundCount; i++)
        {
            var round = new Round(await MeasureAsync(inProcess, pause), await MeasureAsync(members, pause), await MeasureAsync(waiting, pause));
            held.HoldTime = TimeSpan.FromMilliseconds(round.Members.MessagesMs / 2); // one up, one down
            if (i >= warmUpCount)
                rounds.Add(round);
        }

        string[] cells =
        [
            $"{frontBits} and {backBits} bits",
            pause > TimeSpan.Zero ? $"{pause.TotalMilliseconds} ms" : "none",
            Describe(round => round.InProcess.TokenMs),
            Describe(round => round.Members.TokenMs),
            Describe(round => round.Members.TokenMs - round.InProcess.TokenMs),
            Describe(round => round.Members.MessagesMs - round.InProcess.MessagesMs),
            Describe(round => round.Held.TokenMs - round.InProcess.TokenMs),
        ];
        Console.WriteLine($"| {string.Join(" | ", cells)} |");

        string Describe(Func<Round, double> figure)
        {
            var sorted = rounds.Select(figure).Order().ToList();
            return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Count / 2]:0.00} ({sorted[0]:0.00}–{sorted[^1]:0.00})");
        }
    }

    /// <summary>Null: as in the checkpoint.</summary>
    private static WeightFormat? FormatOf(int bits) => bits < 16 ? WeightFormat.Of(bits, WeightFormat.GroupSizeDefault) : null;

    private static async Task<Point> MeasureAsync(TokenCluster cluster, TimeSpan pause)
    {
        var bills = await cluster.RunAsync(pause);
        return new Point(Median(bills, bill => bill.ElapsedUs), Median(bills, bill => bill.TransportUs));
    }

    private static double Median(IReadOnlyList<TokenBill> bills, Func<TokenBill, long> us) =>
        bills.Select(us).Order().ElementAt(bills.Count / 2) / 1e3;

    /// <summary>Of a session's tokens.</summary>
    private sealed record Point(double TokenMs, double MessagesMs);

    private sealed record Round(Point InProcess, Point Members, Point Held);
}
