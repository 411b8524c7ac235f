using System.Text.Json;
using System.Text.Json.Serialization;
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
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > BytesMax } file)
                throw Wrong($"{file.Length >> 20} MiB", cause: null);
            return JsonSerializer.Deserialize<T>(Utf8File.Read(path).Span, Options) ?? throw Wrong("null", cause: null);
        }
        catch (JsonException e)
        {
            throw Wrong(e.Message.Split('\n', '.')[0], e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Wrong(e.Message.TrimEnd('.'), e);
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
            using var document = JsonDocument.Parse(Utf8File.Read(path));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out _);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
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
            var unfinished = $"{path}.{Environment.ProcessId}.unfinished";
            File.WriteAllBytes(unfinished, JsonSerializer.SerializeToUtf8Bytes(value, Options));
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserErrorException(UserErrorKind.Output, path, "a file that can be written", e.Message.TrimEnd('.'), "Name another place, or free this one.", e);
        }
    }
}
