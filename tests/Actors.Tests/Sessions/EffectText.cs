using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Effects as text: two that do the same have the same text, whatever arrays they hold.</summary>
internal static class EffectText
{
    public static string Of(object effect) => effect switch
    {
        EdgeEffect.ComputeFront work => $"compute {work.Position}: {string.Join(' ', work.Tokens)}; {(work.Generated is { } generated ? string.Join(' ', generated) : "none")}",
        WorkerEffect.ComputeBatch batch => $"batch {string.Join("; ", batch.Entries.Select(entry => $"{entry.Queued.Session} {entry.Step} {entry.StartedAt}"))}",
        _ => effect.ToString()!,
    };
}
