namespace SplitActors.Actors.Protocol;

public static class ProtocolVersion
{
    /// <summary>Both sides of a hello must speak the same version.</summary>
    public const uint Current = 5;
}
