namespace SplitActors.Actors.Links;

/// <summary>What crossed a link in one direction.</summary>
/// <param name="MessageCount">Messages.</param>
/// <param name="ByteCount">Their bytes, each message counted once.</param>
/// <param name="RepeatCount">Attempts that failed and were made again.</param>
public readonly record struct LinkTraffic(long MessageCount, long ByteCount, long RepeatCount)
{
    public static LinkTraffic operator +(LinkTraffic a, LinkTraffic b) =>
        new(a.MessageCount + b.MessageCount, a.ByteCount + b.ByteCount, a.RepeatCount + b.RepeatCount);
}
