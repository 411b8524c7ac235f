using SplitActors.Inference;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>The most that one device may have of a worker, or of a cluster; null: the default.</summary>
internal sealed record DeviceLimits(int? SessionCountMax, int? TokenCountMax)
{
    private const int SessionsMax = 1 << 16;

    public static readonly Setting Sessions = Setting.Value(
        "device-sessions", "N", "Most sessions of one device at a time. Default of a worker: half of --max-sessions; of a scheduler: 256.");

    public static readonly Setting Tokens = Setting.Value(
        "device-tokens", "N",
        "Most tokens, prompts included, of all sessions of one device. Default of a worker: half of what its memory holds; of a scheduler: 1048576.");

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static DeviceLimits Read(SettingReader settings) =>
        new(settings.Integer(Sessions, 1, SessionsMax), settings.Integer(Tokens, 1, int.MaxValue));
}
