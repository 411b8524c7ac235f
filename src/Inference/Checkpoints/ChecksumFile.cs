using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>How far the SHA-256 of <paramref name="File"/> has come.</summary>
public readonly record struct ChecksumProgress(string File, long BytesDone, long BytesTotal);

/// <summary>
/// The <c>SHA256SUMS</c> file of a checkpoint folder, as GNU coreutils' sha256sum writes it: 64 hexadecimal digits, a space, a
/// space (text) or '*' (binary), and the file name. Files that it does not list are not verified.
/// </summary>
public sealed class ChecksumFile
{
    public const string FileName = "SHA256SUMS";

    private const int FileBytesMax = 1 << 24;
    private const int DigestChars = 2 * SHA256.HashSizeInBytes;
    private const int ChunkBytes = 4 << 20; // one progress report each

    private readonly string _folder;
    private readonly Dictionary<string, string> _digests;

    private ChecksumFile(string folder, Dictionary<string, string> digests)
    {
        _folder = folder;
        _digests = digests;
    }

    /// <summary>Null when the folder has no such file.</summary>
    /// <exception cref="UserErrorException">A line of the file is malformed, or names a file twice.</exception>
    public static ChecksumFile? TryOpen(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;

        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = Encoding.UTF8.GetString(ByteOrderMark.Skip(CheckpointFile.ReadAllBytes(path, FileBytesMax)).Span).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.Length > 0 && line[0] != '#')
                AddLine($"{path}, line {i + 1}", line, digests);
        }

        return new ChecksumFile(folder, digests);
    }

    /// <summary>The listed SHA-256 of a file of the folder as 64 lower-case hexadecimal digits; null if it is not listed.</summary>
    public string? DigestOf(string fileName) => _digests.GetValueOrDefault(fileName);

    /// <summary>Verifies a file of the folder, if it is listed; reads it once, in parts.</summary>
    /// <exception cref="UserErrorException">The file's SHA-256 is another, or it cannot be read.</exception>
    public void Verify(string fileName, IProgress<ChecksumProgress>? progress = null)
    {
        if (DigestOf(fileName) is null)
            return;

        using var file = MappedFile.Open(Path.Combine(_folder, fileName));
        Verify(file, progress);
    }

    /// <summary>Verifies every file that is listed.</summary>
    /// <returns>How many those are.</returns>
    /// <exception cref="UserErrorException">A file is missing, cannot be read, or has another SHA-256.</exception>
    public int VerifyAll(IProgress<ChecksumProgress>? progress = null)
    {
        foreach (var fileName in _digests.Keys.Order(StringComparer.Ordinal))
            Verify(fileName, progress);
        return _digests.Count;
    }

    internal void Verify(MappedFile file, IProgress<ChecksumProgress>? progress)
    {
        if (DigestOf(Path.GetFileName(file.Path)) is not { } expected)
            return;

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long offset = 0; offset < file.Length; offset += ChunkBytes)
        {
            var chunk = file.Slice(offset, (int)Math.Min(ChunkBytes, file.Length - offset));
            hash.AppendData(chunk);
            progress?.Report(new ChecksumProgress(file.Path, offset + chunk.Length, file.Length));
        }

        EnsureEqual(file.Path, expected, hash.GetHashAndReset());
    }

    /// <summary>Verifies a file that was already read, so that the verified bytes are the bytes used.</summary>
    internal void Verify(string path, ReadOnlySpan<byte> content)
    {
        if (DigestOf(Path.GetFileName(path)) is { } expected)
            EnsureEqual(path, expected, SHA256.HashData(content));
    }

    private static void AddLine(string place, string line, Dictionary<string, string> digests)
    {
        var isWellFormed = line.Length > DigestChars + 2
            && line[..DigestChars].All(char.IsAsciiHexDigit)
            && line[DigestChars] == ' '
            && line[DigestChars + 1] is ' ' or '*';
        if (!isWellFormed)
        {
            throw CheckpointError.At(
                place, $"{DigestChars} hexadecimal digits, two spaces and a file name", $"'{ShownText.Of(line)}'",
                $"Write the file again with 'sha256sum * > {FileName}'.");
        }

        var name = line[(DigestChars + 2)..];
        if (name.StartsWith("./", StringComparison.Ordinal)) // from sha256sum ./*
            name = name[2..];
        if (!digests.TryAdd(name, line[..DigestChars].ToLowerInvariant()))
            throw CheckpointError.At(place, "each file once", $"'{ShownText.Of(name)}' again", "Remove one of the two lines.");
    }

    private static void EnsureEqual(string path, string expected, ReadOnlySpan<byte> digest)
    {
        var found = Convert.ToHexStringLower(digest);
        if (found != expected)
            throw CheckpointError.At(path, $"SHA-256 {expected} ({FileName})", found, "The file is damaged: download the file again.");
    }
}
