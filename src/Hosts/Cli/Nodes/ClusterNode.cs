using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>
/// Serves as a member of a cluster until it is asked to end. One that the others have given up joins again, with the weights that it has.
/// </summary>
internal static class ClusterNode
{
    public const string MemberEvent = "member";
    public const string GivenUpEvent = "given_up";

    private const string StrandedMessage = "a seed node has begun another cluster; it joins that";

    private static readonly TimeSpan RejoinPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The first of the seeds begins a cluster if no other answers, which one that was cut off from its cluster must not do: longer than a
    /// network is usually out. Where all others answer that they are of no cluster either, it begins at once.
    /// </summary>
    private static readonly TimeSpan RejoinPatience = TimeSpan.FromMinutes(5);

    /// <param name="node">The process.</param>
    /// <param name="address">Where it is, and whom it joins.</param>
    /// <param name="actors">What it runs, anew for each membership.</param>
    /// <param name="drainTimeMax">Null: the default.</param>
    /// <returns>Whether it was asked to end.</returns>
    public static async Task<bool> ServeAsync(Node node, MemberAddress address, Func<MemberActors> actors, TimeSpan? drainTimeMax = null)
    {
        var first = address.ToSettings(node.Log.Warn);
        for (var settings = first; ;)
        {
            var own = actors();
            await using var member = await ClusterMember.StartAsync(settings, own, drainTimeMax ?? TimeSpan.FromSeconds(30), node.Log.Warn);
            member.WhenUp(() => node.Log.Write(MemberEvent, $"is a member of the cluster, at {member.Address}"));
            using var watching = new CancellationTokenSource();
            var stranded = member.StrandedAsync(address.Seeds, watching.Token);
            var ended = Task.WhenAny(member.Ended, stranded, own.Slot?.Ended ?? member.Ended);
            var wasAsked = await node.ServeAsync(ended);
            var isStranded = stranded.IsCompletedSuccessfully;
            await watching.CancelAsync();
            if (wasAsked)
            {
                if (own.Slot is not null)
                    node.Log.Write("leaving", "takes no further session and leaves when those that it has are elsewhere");
                await member.LeaveAsync();
                return true;
            }

            if (!isStranded && !member.Ended.IsCompleted)
                return false; // its worker stopped, and has said why
            node.Log.Write(GivenUpEvent, isStranded ? StrandedMessage : "the cluster has given this node up; it joins again");
            settings = first with { FoundPatience = RejoinPatience };
            await Task.Delay(RejoinPause, node.Cancellation);
        }
    }

    /// <summary>A slot's or a device's name: what was given, or this machine's.</summary>
    /// <exception cref="UserErrorException">It is no name.</exception>
    public static string NameOf(SettingReader settings, Setting setting, string unnamed)
    {
        var (name, place) = settings.Find(setting) ?? (unnamed, $"--{setting.Name}");
        return PeerNames.IsValid(name)
            ? name
            : throw SettingReader.Wrong(place, $"a name of 1 to {PeerNames.LengthMax} letters a to z, digits, '-', '_' and '.', beginning with a letter or a digit", name);
    }

    /// <summary>This machine's name, with what names may not have left out.</summary>
    public static string MachineName
    {
        get
        {
            var letters = Environment.MachineName.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_').Take(PeerNames.LengthMax / 2).ToArray();
            return letters.Length > 0 && char.IsAsciiLetterOrDigit(letters[0]) ? new string(letters) : "node";
        }
    }
}
