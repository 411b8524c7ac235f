using System.Text.Json;
using System.Text.Json.Serialization;
using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Planning;

/// <summary>Records as JSON files: every field must be there, and none that is unknown.</summary>
internal static class JsonDocumentFile
{
    private const long BytesMax = 1 << 26;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
    };

    /// <param name="path">Of the file.</param>
    /// <param name="expected">What it should be, in words.</param>
    /// <exception cref="UserErrorException">It cannot be read, or is something else.</exception>
    public static T Read<T>(string path, string expected)
        where T : class
    {
        if (InputFile.Read(path, BytesMax, out var unreadable) is not { } bytes)
            throw Wrong(unreadable, cause: null);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes.Span, Options) ?? throw Wrong("null", cause: null);
        }
        catch (JsonException e)
        {
            throw Wrong(Explain(e), e);
        }

        UserErrorException Wrong(string found, Exception? cause) =>
            new(UserErrorKind.Options, path, expected, found, "Correct the file or its name.", cause);
    }

    /// <summary>As a record's field is named in a file.</summary>
    public static string NameOf(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);

    /// <summary>Whether the file is an object with this field; false also where it is no JSON.</summary>
    public static bool HasField(string path, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(InputFile.Read(path, BytesMax, out _) ?? default);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out _);
        }
        catch (Exception e) when (e is JsonException or UserErrorException)
        {
            return false; // what is wrong shows when it is read
        }
    }

    /// <summary>The file is there as a whole or not at all.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static void Write<T>(string path, T value)
        where T : class
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            OutputFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(value, Options));
        }
        catch (Exception e) when (FileFault.Is(e))
        {
            throw new UserErrorException(UserErrorKind.Output, path, "a file that can be written", FileFault.Describe(e), "Name another place, or free this one.", e);
        }
    }

    /// <summary>Where it is wrong; the library's text names classes of this program.</summary>
    private static string Explain(JsonException e)
    {
        const string missing = "missing required properties including: ";
        var at = e.Message.IndexOf(missing, StringComparison.Ordinal);
        if (at >= 0)
            return $"no {e.Message[(at + missing.Length)..].Split('.')[0].Replace('\'', ' ').Trim()}";
        var field = e.Path is ['$', '.', .. var name] ? $", at {name}" : "";
        return $"an error in line {e.LineNumber + 1}{field}";
    }
}
