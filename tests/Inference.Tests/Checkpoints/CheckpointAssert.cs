using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Tests.Checkpoints;

internal static class CheckpointAssert
{
    /// <summary>The action is refused as a user error about a checkpoint whose message holds each of the texts.</summary>
    public static UserErrorException Refuses(Action action, params string[] texts)
    {
        var error = Assert.Throws<UserErrorException>(action);
        Assert.Equal(UserErrorKind.Checkpoint, error.Kind);
        Assert.All(texts, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        return error;
    }

    public static UserErrorException RefusesOpen(string folder, params string[] texts) =>
        Refuses(() => Checkpoint.Open(folder).Dispose(), texts);
}
