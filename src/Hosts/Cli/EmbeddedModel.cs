namespace SplitActors.Hosts.Cli;

/// <summary>Quill, the model that ships beside the program.</summary>
internal static class EmbeddedModel
{
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "models", "quill");
}
