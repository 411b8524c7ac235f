using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// What an administrator sets up: virtual host, exchanges, bounds of all queues, users with their permissions. In RabbitMQ's own format, for
/// <c>rabbitmqctl import_definitions</c> or <c>load_definitions</c> in rabbitmq.conf. Imports add to what is there and replace what is named alike.
/// </summary>
public static class BrokerDefinitions
{
    /// <summary>Of the random bytes that make equal passwords differ.</summary>
    public const int SaltBytes = 4;

    private const string HashAlgorithm = "rabbit_password_hashing_sha256";
    private const string Nothing = "^$";

    /// <summary>Waiting messages of one queue; beyond, the oldest are dropped.</summary>
    private const int QueueMessagesMax = 4096;

    private const long QueueBytesMax = 128L << 20;

    /// <summary>By then every sender has tried again.</summary>
    private const int MessageAgeMsMax = 60_000;

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Salt, then SHA-256 of salt and password, in base 64.</summary>
    /// <param name="salt">Random, <see cref="SaltBytes"/> of them.</param>
    public static string HashPassword(string password, ReadOnlySpan<byte> salt)
    {
        if (salt.Length != SaltBytes)
            throw new ArgumentException($"The salt has {SaltBytes} bytes; found {salt.Length}.", nameof(salt));
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }

    /// <returns>JSON.</returns>
    /// <exception cref="UserErrorException">A user's name cannot be part of an address, or is that of another role.</exception>
    public static string Of(IReadOnlyList<BrokerUser> users)
    {
        foreach (var user in users)
            user.Validate();
        return JsonSerializer.Serialize(
            new
            {
                vhosts = new[] { new { name = BrokerTopology.VirtualHost } },
                exchanges = new[] { Exchange(BrokerTopology.Ingress), Exchange(BrokerTopology.Fabric) },
                parameters = new[] { QueueBounds() },
                users = users.Select(Account),
                permissions = users.Select(Permission),
                topic_permissions = users.SelectMany(user => new[] { TopicPermission(user, BrokerTopology.Ingress), TopicPermission(user, BrokerTopology.Fabric) }),
            },
            Format);
    }

    private static object Exchange(string name) =>
        new { name, vhost = BrokerTopology.VirtualHost, type = "topic", durable = true, auto_delete = false, @internal = false, arguments = new { } };

    /// <summary>An operator's policy: whoever declares a queue cannot ask for more.</summary>
    private static object QueueBounds() => new
    {
        vhost = BrokerTopology.VirtualHost,
        component = "operator_policy",
        name = "bounds",
        value = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["pattern"] = ".*",
            ["apply-to"] = "queues",
            ["priority"] = 0,
            ["definition"] = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["max-length"] = QueueMessagesMax,
                ["max-length-bytes"] = QueueBytesMax,
                ["message-ttl"] = MessageAgeMsMax,
            },
        },
    };

    private static object Account(BrokerUser user) => new
    {
        name = user.Name,
        password_hash = user.PasswordHash,
        hashing_algorithm = HashAlgorithm,
        tags = Array.Empty<string>(),
        limits = new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["max-connections"] = user.ConnectionCountMax,
            ["max-channels"] = user.ChannelCountMax,
        },
    };

    /// <summary>To bind a queue one writes to it and reads the exchange.</summary>
    private static object Permission(BrokerUser user) => new
    {
        user = user.Name,
        vhost = BrokerTopology.VirtualHost,
        configure = $"^({user.OwnAddresses})$",
        write = $"^({user.OwnExchange}|{user.OwnAddresses})$",
        read = $"^({user.HeardExchanges}|{user.OwnAddresses})$",
    };

    /// <summary>Routing keys to publish with, and to bind with: one's own addresses, so that nobody can listen in.</summary>
    private static object TopicPermission(BrokerUser user, string exchange) => new
    {
        user = user.Name,
        vhost = BrokerTopology.VirtualHost,
        exchange,
        write = user.OwnExchange == exchange ? $"^({user.ReachableAddresses})$" : Nothing,
        read = user.HeardExchanges.Split('|').Contains(exchange, StringComparer.Ordinal) ? $"^({user.OwnAddresses})$" : Nothing,
    };
}
