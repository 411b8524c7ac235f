using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Inference;

namespace SplitActors.Hosts.Brokers;

/// <summary>The definitions of a broker as they are, perhaps changed by its administrator, with users that come to them.</summary>
internal sealed class BrokerDefinitionsText
{
    /// <summary>Lists in which users are named, and by what.</summary>
    private static readonly (string List, string Key)[] OfUsers = [("users", "name"), ("permissions", "user"), ("topic_permissions", "user")];

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonNode _root;

    private BrokerDefinitionsText(JsonNode root) => _root = root;

    /// <exception cref="UserErrorException">It is something else.</exception>
    public static BrokerDefinitionsText Parse(string path, string text)
    {
        try
        {
            var definitions = new BrokerDefinitionsText(JsonNode.Parse(text)!);
            foreach (var (list, key) in OfUsers)
                _ = definitions.Entries(list).Select(entry => NameIn(entry, key)).ToList();
            return definitions;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new UserErrorException(UserErrorKind.Options, path, "definitions as `splitactors broker init` writes them", "something else", "Mend it, or put it back from a copy.", failure);
        }
    }

    public bool Has(string user) => OfUsers.Any(of => Entries(of.List).Any(entry => NameIn(entry, of.Key) == user));

    /// <summary>Takes all users over from what <see cref="BrokerDefinitions"/> writes, in the place of those of the same names.</summary>
    public void Put(string definitions)
    {
        var added = new BrokerDefinitionsText(JsonNode.Parse(definitions)!);
        foreach (var (list, key) in OfUsers)
        {
            var names = added.Entries(list).Select(entry => NameIn(entry, key)).ToHashSet(StringComparer.Ordinal);
            var entries = Entries(list);
            foreach (var former in entries.Where(entry => names.Contains(NameIn(entry, key))).ToList())
                entries.Remove(former);
            foreach (var entry in added.Entries(list))
                entries.Add(entry!.DeepClone());
        }
    }

    public override string ToString() => _root.ToJsonString(Format) + "\n";

    private static string NameIn(JsonNode? entry, string key) => entry![key]!.GetValue<string>();

    private JsonArray Entries(string list) => _root[list]!.AsArray();
}
