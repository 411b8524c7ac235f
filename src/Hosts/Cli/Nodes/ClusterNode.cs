using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>Serves as a member of a cluster until it is asked to end. One that the others have given up joins again, with the weights that it has.</summary>
internal static class ClusterNode
{
    private static readonly TimeSpan RejoinPause = TimeSpan.FromSeconds(1);

    /// <param name="node">The process.</param>
    /// <param name="address">Where it is, and whom it joins.</param>
    /// <param name="actors">What it runs, anew for each membership.</param>
    /// <param name="drainTimeMax">Null: the default.</param>
    /// <returns>Whether it was asked to end.</returns>
    public static async Task<bool> ServeAsync(Node node, MemberAddress address, Func<MemberActors> actors, TimeSpan? drainTimeMax = null)
    {
        var settings = address.ToSettings(node.Log.Warn);
        while (true)
        {
            var own = actors();
            await using var member = await ClusterMember.StartAsync(settings, own, drainTimeMax ?? TimeSpan.FromSeconds(30), node.Log.Warn);
            var ended = own.Slot is null ? member.Ended : Task.WhenAny(member.Ended, own.Slot.Ended);
            var wasAsked = await node.ServeAsync(ended);
            if (wasAsked)
            {
                if (own.Slot is not null)
                    node.Log.Write("leaving", "takes no further session and leaves when those that it has are elsewhere");
                await member.LeaveAsync();
                return true;
            }

            if (!member.Ended.IsCompleted)
                return false; // its worker stopped, and has said why
            node.Log.Warn("The cluster has given this node up; it joins again.");
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
