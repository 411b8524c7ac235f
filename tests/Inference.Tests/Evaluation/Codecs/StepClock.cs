namespace SplitActors.Inference.Tests.Evaluation.Codecs;

/// <summary>A microsecond passes whenever it is read.</summary>
internal sealed class StepClock : TimeProvider
{
    private long _timestamp;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => _timestamp++;
}
