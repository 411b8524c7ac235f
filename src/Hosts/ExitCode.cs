using SplitActors.Inference;

namespace SplitActors.Hosts;

/// <summary>What the process tells its caller; documented in the README.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Options = 2;
    public const int Checkpoint = 3;
    public const int Prompt = 4;
    public const int Output = 5;
    public const int Infeasible = 6;
    public const int Cluster = 7;

    // 128 plus the number of the signal, as shells have it.
    public const int HungUp = 129;
    public const int Interrupted = 130;
    public const int ReaderGone = 141;
    public const int Terminated = 143;

    public static int Of(UserErrorKind kind) => kind switch
    {
        UserErrorKind.Options => Options,
        UserErrorKind.Checkpoint => Checkpoint,
        UserErrorKind.Prompt => Prompt,
        UserErrorKind.Output => Output,
        UserErrorKind.Cluster => Cluster,
        _ => Failure,
    };
}
