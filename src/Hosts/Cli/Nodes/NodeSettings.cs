namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>The settings of <c>splitactors scheduler|worker|cloud|edge</c> that <c>run</c> does not have.</summary>
internal static class NodeSettings
{
    public static readonly Setting Models = Setting.Value("model", "DIR[,DIR…]", "Hugging Face folders or OPSC packages of the models of the cluster; no weights are read. Default: the embedded model, Quill.", takesList: true);
    public static readonly Setting Name = Setting.Value("name", "NAME", "The worker's name, its own in the cluster. Default: this machine's; of `cloud`, cloud.");
    public static readonly Setting Device = Setting.Value("name", "NAME", "The device's name. Default: this machine's.");
    public static readonly Setting Node = Setting.Value("name", "NAME", "The node's name, as `splitactors cluster init` writes it. A scheduler is found by its model, and needs none.");
    public static readonly Setting FirstLayer = Setting.Value("split", "ℓ", "Serves devices that hold at least ℓ layers, and loads only those behind them. Default: 0, all.");
    public static readonly Setting Memory = Setting.Value("memory", "SIZE", "Memory for weights, and keys and values together, such as 8GiB. Default: the weights, and 1 GiB.");
    public static readonly Setting MaxSessions = Setting.Value("max-sessions", "N", "Most sessions at a time. Default: 64.");
    public static readonly Setting KvBits = Setting.Value("kv-bits", "32|16|8|4", "Bits per value of the keys and values that this process keeps. Default: 16.");
    public static readonly Setting DrainTime = Setting.Value("drain-time", "S", "Seconds that sessions get to move to another worker after SIGTERM or Ctrl-C. Default: 30.");
    public static readonly Setting Patience = Setting.Value("patience", "S", "Seconds for which the session waits for a cluster, a scheduler or a worker that does not answer. Default: 60.");
    public static readonly Setting StatusEvery = Setting.Value("status-every", "S", "Seconds between two reports of workers, sessions and load. Default: none, only what changes.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object per line on standard output instead of lines for people.");
}
