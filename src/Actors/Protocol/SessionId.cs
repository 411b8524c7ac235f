namespace SplitActors.Actors.Protocol;

/// <summary>Names one generation from prompt to end, across workers and epochs.</summary>
public readonly record struct SessionId(ulong Value)
{
    public override string ToString() => $"{Value:x16}";
}
