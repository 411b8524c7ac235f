namespace SplitActors.Hosts.Clusters;

/// <summary>The file of settings of one process of a cluster.</summary>
internal static class ProcessConfig
{
    /// <summary>As whom it speaks to other members.</summary>
    public const string Member = "node";

    public const string MemberAuthority = "nodes.pem";

    /// <summary>As whom a device speaks to a gateway.</summary>
    public const string Device = "device";

    private static readonly string[] NodeCommands = ["cloud", "scheduler", "worker"];

    /// <summary>In the folder that is called like the process.</summary>
    public static string[] FilesOf(ClusterProcess process) =>
    [
        $"{Member}.pem", $"{Member}.key", MemberAuthority, .. process.IsDevice ? (string[])[$"{Device}.pem", $"{Device}.key"] : [],
    ];

    /// <summary>Commands that start it.</summary>
    /// <param name="file">Its file of settings.</param>
    public static string[] CommandsOf(ClusterProcess process, string file)
    {
        var path = file.Any(letter => char.IsWhiteSpace(letter) || letter == '\'') ? $"'{file.Replace("'", "'\\''", StringComparison.Ordinal)}'" : file;
        return process.IsDevice
            ? [$"splitactors edge \"Once upon a time\" --config {path}"]
            : [.. NodeCommands.Select(command => $"splitactors {command} --config {path}")];
    }

    /// <summary>The text.</summary>
    /// <param name="folder">Where it will be.</param>
    public static string Of(ClusterPlan plan, ClusterProcess process, string folder) =>
        $$"""
        # {{(process.IsDevice ? "Device" : "Node")}} {{process.Name}}, made by `splitactors cluster init`. Start it with
        #   {{string.Join("\n#   ", CommandsOf(process, Path.Combine(folder, $"{process.Name}.conf")))}}
        # On another machine it needs this file, and beside it the folder {{process.Name}}/ with its certificate and key.
        splitactors {
          name = {{process.Name}}

          # By which other members reach it.{{(process.Port == 0 ? " 0: any port that is free; name one if a firewall is between." : "")}}
          listen = "{{process.Address}}"

          # All nodes, in the same order in all files: one that runs is enough, and where none does, the first one begins the cluster.
          join = [{{string.Join(", ", plan.Nodes.Select(node => $"\"{node.Address}\""))}}]

          # As whom it speaks to others, and the authority of those whom it believes. Relative to this file.
        {{(process.IsDevice
            ? $"  # In a trusted network a device is a member of the cluster, and so has a certificate of the nodes' authority. {process.Name}/{Device}.pem, of the devices' authority, opens no port of a member:\n  # it is for a gateway.\n"
            : "")}}  tls-certificate = "{{process.Name}}/{{Member}}.pem"
          tls-key = "{{process.Name}}/{{Member}}.key"
          tls-authority = "{{process.Name}}/{{MemberAuthority}}"
        }

        """;
}
