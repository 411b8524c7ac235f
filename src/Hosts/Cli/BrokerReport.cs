using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;

namespace SplitActors.Hosts.Cli;

/// <summary>Where a broker listens, and the configuration files of its users.</summary>
internal sealed record BrokerReport(BrokerFolder Folder, IReadOnlyList<BrokerUser> Users)
{
    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>As a shell takes it.</summary>
    public static string Quoted(string path) => path.Any(char.IsWhiteSpace) ? $"'{path}'" : path;

    /// <param name="next">What to do now.</param>
    public void Print(bool isJson, string next)
    {
        if (isJson)
            Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(), JsonOptions));
        else
            Terminal.Output.WriteFacts([.. Facts(next)]);
    }

    private IEnumerable<(string Name, string Value)> Facts(string next)
    {
        yield return ("broker", $"{Folder.Address}, listens on {Folder.Endpoint}");
        foreach (var user in Users)
            yield return (RoleOf(user), $"{user.Name}: {ConfigOf(user)}");
        yield return ("next", next);
    }

    private object ToJson() => new
    {
        Folder = Folder.Path,
        Uri = Folder.Address,
        Listener = $"{Folder.Endpoint}",
        Users = Users.Select(user => new { user.Name, Role = RoleOf(user), Config = ConfigOf(user) }),
    };

    private static string RoleOf(BrokerUser user) => $"{user.Role}".ToLowerInvariant();

    private string ConfigOf(BrokerUser user) => Folder.File($"{user.Name}.json");
}
