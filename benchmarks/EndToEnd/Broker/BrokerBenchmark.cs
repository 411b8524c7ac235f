using System.Globalization;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Serving;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd.Broker;

/// <summary>What a broker on loopback adds to the time of a token, against the same in process, session by session in turn.</summary>
internal static class BrokerBenchmark
{
    private const int WarmUpCount = 12; // until the code is compiled for good
    private const string Password = "of a broker that lives as long as the benchmark";

    /// <summary>Of device and worker; the second is what the method is for.</summary>
    private static readonly (int Front, int Back)[] WeightBits = [(16, 16), (4, 16), (8, 8), (4, 4)];

    public static async Task RunAsync(int roundCount)
    {
        BrokerUser User(string name, BrokerRole role) => new(name, role) { PasswordHash = BrokerDefinitions.HashPassword(Password, [1, 2, 3, 4]) };
        using var node = new BrokerNode(BrokerDefinitions.Of(
            [User(TokenCluster.Scheduler, BrokerRole.Scheduler), User(TokenCluster.Worker, BrokerRole.Worker), User(TokenCluster.Device, BrokerRole.Device)]));
        await node.StartAsync();
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var model = new ServedModel(checkpoint, calibration: null, predicts: false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"medians of {roundCount} interleaved rounds after {WarmUpCount}, p50 of the tokens of a session in each, ms; least–most in brackets"));
        Console.WriteLine("\n| weights, device and worker | in process | over a broker | overhead | of it messages | held as long, in process: overhead |\n|---|--:|--:|--:|--:|--:|");
        foreach (var (front, back) in WeightBits)
            await RunAsync(node, model, front, back, roundCount);
    }

    private static async Task RunAsync(BrokerNode node, ServedModel model, int frontBits, int backBits, int roundCount)
    {
        var transports = new Dictionary<string, RabbitMqTransport>(StringComparer.Ordinal);
        foreach (var user in (string[])[TokenCluster.Scheduler, TokenCluster.Worker, TokenCluster.Device])
        {
            var options = new RabbitMqOptions { Host = "localhost", Port = node.Port, User = user, Password = Password };
            transports[user] = await RabbitMqTransport.ConnectAsync(options, TimeProvider.System, seed: (ulong)transports.Count, Console.Error.WriteLine);
        }

        var (direct, held) = (new LocalPeers(), new HeldTransport(new LocalPeers()));
        var (front, back) = (FormatOf(frontBits), FormatOf(backBits));
        await using (var inProcess = new TokenCluster(model, front, back, _ => direct))
        await using (var waiting = new TokenCluster(model, front, back, _ => held))
        await using (var brokered = new TokenCluster(model, front, back, user => transports[user]))
        {
            var rounds = new List<Round>();
            for (var i = 0; i < WarmUpCount + roundCount; i++)
            {
                var round = new Round(await MeasureAsync(inProcess), await MeasureAsync(brokered), await MeasureAsync(waiting));
                held.HoldTime = TimeSpan.FromMilliseconds(round.Brokered.MessagesMs / 2); // one up, one down
                if (i >= WarmUpCount)
                    rounds.Add(round);
            }

            Console.WriteLine(
                $"| {frontBits} and {backBits} bits | {Describe(round => round.InProcess.TokenMs)} | {Describe(round => round.Brokered.TokenMs)} | {Describe(round => round.Brokered.TokenMs - round.InProcess.TokenMs)} "
                + $"| {Describe(round => round.Brokered.MessagesMs - round.InProcess.MessagesMs)} | {Describe(round => round.Held.TokenMs - round.InProcess.TokenMs)} |");

            string Describe(Func<Round, double> figure)
            {
                var sorted = rounds.Select(figure).Order().ToList();
                return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Count / 2]:0.00} ({sorted[0]:0.00}–{sorted[^1]:0.00})");
            }
        }

        foreach (var transport in transports.Values)
            await transport.DisposeAsync();
    }

    /// <summary>Null: as in the checkpoint.</summary>
    private static WeightFormat? FormatOf(int bits) => bits < 16 ? WeightFormat.Of(bits, WeightFormat.GroupSizeDefault) : null;

    private static async Task<Point> MeasureAsync(TokenCluster cluster)
    {
        var bills = await cluster.RunAsync();
        return new Point(Median(bills, bill => bill.ElapsedUs), Median(bills, bill => bill.TransportUs));
    }

    private static double Median(IReadOnlyList<TokenBill> bills, Func<TokenBill, long> us) => bills.Select(us).Order().ElementAt(bills.Count / 2) / 1e3;

    /// <summary>Of a session's tokens.</summary>
    private sealed record Point(double TokenMs, double MessagesMs);

    private sealed record Round(Point InProcess, Point Brokered, Point Held);
}
