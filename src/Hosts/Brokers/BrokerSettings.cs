namespace SplitActors.Hosts.Brokers;

/// <summary>A text like <c>rabbitmq.conf</c>: lines of <c>key = value</c>, and comments behind '#'.</summary>
internal static class BrokerSettings
{
    /// <summary>Null if there is none.</summary>
    public static string? Find(string text, string key) =>
        text.Split('\n').Where(line => KeyOf(line) == key).Select(line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim()).LastOrDefault();

    /// <summary>The same with other values: each where its key stands, or at the end.</summary>
    /// <param name="changes">A value of null removes its key.</param>
    public static string With(string text, IReadOnlyDictionary<string, string?> changes)
    {
        var lines = text.TrimEnd('\n').Split('\n').ToList();
        foreach (var (key, value) in changes)
        {
            var index = lines.FindIndex(line => KeyOf(line) == key);
            lines.RemoveAll(line => KeyOf(line) == key);
            if (value is not null)
                lines.Insert(index >= 0 ? index : lines.Count, $"{key} = {value}");
        }

        return string.Join('\n', lines) + "\n";
    }

    private static string? KeyOf(string line) => line.Split('=', 2) is [var key, _] && !line.StartsWith('#') ? key.Trim() : null;
}
