using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// A folder that is there as a whole or not at all: its files are written beside it, or below it if it is there and empty, and take their place at
/// the end. What a run that was killed left there is taken over by the next one. Their SHA-256 are listed in <c>SHA256SUMS</c>.
/// </summary>
internal sealed class PackageFolder : IDisposable
{
    private const string UnfinishedName = ".unfinished";

    /// <summary>In an unfinished folder: says that it is one, and is open as long as somebody writes it.</summary>
    private const string MarkerName = ".splitactors";

    private readonly string _folder;
    private readonly bool _fills;
    private readonly string _unfinished;
    private readonly SortedDictionary<string, string> _digests = new(StringComparer.Ordinal);
    private readonly FileStream _marker;
    private readonly List<string> _fileNames = [];

    private PackageFolder(string folder)
    {
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _fills = Directory.Exists(_folder);
        var isTaken = _fills && Directory.EnumerateFileSystemEntries(_folder).Any(entry => Path.GetFileName(entry) != UnfinishedName);
        if (isTaken || File.Exists(_folder))
        {
            var found = File.Exists(_folder) ? "a file"
                : !Directory.Exists(Path.Combine(_folder, UnfinishedName)) ? "a folder with files in it"
                : $"a folder with files in it, and {UnfinishedName} of a run that was killed";
            throw new UserErrorException(UserErrorKind.Output, folder, "a new or an empty folder", found, "Name another one, or remove it.");
        }

        // An empty folder is filled: it may be a link, or where another disk is mounted.
        _unfinished = _fills ? Path.Combine(_folder, UnfinishedName) : _folder + UnfinishedName;
        _marker = Begin();
    }

    /// <summary>Makes the unfinished folder, or empties that of a run that was killed.</summary>
    private FileStream Begin()
    {
        var marker = Path.Combine(_unfinished, MarkerName);
        var isForeign = Directory.Exists(_unfinished) && !File.Exists(marker) && Directory.EnumerateFileSystemEntries(_unfinished).Any();
        if (isForeign || File.Exists(_unfinished))
            throw Taken("something that no run of splitactors left", "Move it away, or name another folder.");
        Directory.CreateDirectory(_unfinished);
        FileStream held;
        try
        {
            held = new FileStream(marker, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException) when (File.Exists(marker))
        {
            throw Taken("a run that writes it now", "Wait for its end, or name another folder.");
        }

        foreach (var file in Directory.EnumerateFiles(_unfinished).Where(file => file != marker))
            File.Delete(file);
        return held;
    }

    private UserErrorException Taken(string found, string nextStep) =>
        new(UserErrorKind.Output, _unfinished, "a free place", found, nextStep);

    /// <summary>Makes a folder of what is written into it.</summary>
    /// <param name="folder">New or empty.</param>
    /// <param name="write">Writes the files; an exception of its leaves nothing.</param>
    /// <exception cref="UserErrorException">There is something at this place already, or it cannot be written.</exception>
    public static void Create(string folder, Action<PackageFolder> write)
    {
        try
        {
            using var package = new PackageFolder(folder);
            write(package);
            package.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                UserErrorKind.Output, folder, "a place to write to", e.Message.TrimEnd('.'), "Free some space, or write elsewhere.", e);
        }
    }

    public void Write(string fileName, byte[] content) => Write(fileName, file => file.Write(content));

    /// <param name="fileName">Within the folder.</param>
    /// <param name="write">Writes the content, from its first byte to its last.</param>
    public void Write(string fileName, Action<PackageFile> write)
    {
        using var file = new PackageFile(Path.Combine(_unfinished, fileName));
        write(file);
        _digests.Add(fileName, file.Finish());
        _fileNames.Add(fileName);
    }

    /// <summary>Copies a file that may be replaced later: it is not listed.</summary>
    public void Copy(string fileName, string source)
    {
        File.Copy(source, Path.Combine(_unfinished, fileName));
        _fileNames.Add(fileName);
    }

    /// <summary>Lists the checksums, and gives the folder its name.</summary>
    private void Finish()
    {
        var lines = string.Concat(_digests.Select(entry => $"{entry.Value}  {entry.Key}\n"));
        Write(ChecksumFile.FileName, Encoding.UTF8.GetBytes(lines));
        if (!_fills)
        {
            Unmark();
            Directory.Move(_unfinished, _folder); // fails if there is something by now
            return;
        }

        foreach (var fileName in _fileNames.OrderBy(fileName => fileName == Checkpoint.ConfigFileName)) // without it a folder is no checkpoint
            File.Move(Path.Combine(_unfinished, fileName), Path.Combine(_folder, fileName));
    }

    private void Unmark()
    {
        if (OperatingSystem.IsWindows())
            _marker.Dispose(); // what is open stays there
        File.Delete(_marker.Name);
        _marker.Dispose();
    }

    /// <summary>Removes what was not finished.</summary>
    public void Dispose()
    {
        _marker.Dispose();
        if (Directory.Exists(_unfinished))
            Directory.Delete(_unfinished, recursive: true);
    }
}

/// <summary>A file that is being written; its SHA-256 is taken of the bytes that go by.</summary>
internal sealed class PackageFile(string path) : IDisposable
{
    private readonly FileStream _stream = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _hash.AppendData(bytes);
    }

    /// <summary>Waits until the file is on the disk.</summary>
    /// <returns>Its SHA-256 as 64 lower-case hexadecimal digits.</returns>
    public string Finish()
    {
        _stream.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }
}
