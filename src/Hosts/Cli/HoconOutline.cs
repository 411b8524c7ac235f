using System.Buffers;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Cli;

/// <summary>A name in a text of HOCON.</summary>
/// <param name="Path">From the outermost name on.</param>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="IsObject">Its value is in braces.</param>
internal readonly record struct HoconName(IReadOnlyList<string> Path, int Line, bool IsObject);

/// <summary>
/// Reads which names a text of HOCON gives, and refuses what is malformed with the line where it is. Akka's parser, which reads the values afterwards, takes almost anything, keeps the last of two
/// values, names no line, and would read other files.
/// </summary>
internal sealed class HoconOutline
{
    private const int DepthMax = 32;
    private const string NotUnquoted = "$\"{}[]:=,+#`^?!@*&\\"; // these begin something else, or may one day

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly string _text;
    private readonly Func<int, string, string, Exception> _wrong;
    private readonly List<HoconName> _names = [];
    private int _at;
    private int _line = 1;

    private HoconOutline(string text, Func<int, string, string, Exception> wrong) => (_text, _wrong) = (text, wrong);

    private bool IsAtEnd => _at == _text.Length;

    private char Next => IsAtEnd ? '\n' : _text[_at];

    private bool IsComment => Next == '#' || (Next == '/' && _at + 1 < _text.Length && _text[_at + 1] == '/');

    /// <param name="text">Of a file.</param>
    /// <param name="wrong">Makes the error of a line: what was expected there, and what was found.</param>
    public static IReadOnlyList<HoconName> Read(string text, Func<int, string, string, Exception> wrong)
    {
        var outline = new HoconOutline(text, wrong);
        outline.SkipBetween();
        if (outline.Next == '{')
        {
            outline.ReadObject([], depth: 0);
            outline.SkipBetween();
            if (!outline.IsAtEnd)
                throw outline.Wrong("nothing after the last '}'");
        }
        else
        {
            outline.ReadNames([], depth: 0, beganIn: null);
        }

        return outline._names;
    }

    private void ReadObject(string[] path, int depth)
    {
        if (depth == DepthMax)
            throw Wrong($"at most {DepthMax} braces or brackets within each other");
        var line = _line;
        _at++;
        ReadNames(path, depth + 1, line);
    }

    private void ReadNames(string[] outer, int depth, int? beganIn)
    {
        for (SkipBetween(); !IsAtEnd; SkipBetween())
        {
            if (Next == '}' && beganIn is not null)
            {
                _at++;
                return;
            }

            var line = _line;
            string[] path = [.. outer, .. ReadPath()];
            SkipSpaces();
            if (Next is '=' or ':')
            {
                _at++;
                SkipSpaces();
            }
            else if (Next != '{')
            {
                throw Wrong("'=' and a value after the name, or '{'");
            }

            _names.Add(new HoconName(path, line, Next == '{'));
            ReadValue(path, depth);
        }

        if (beganIn is { } first)
            throw _wrong(_line, $"a '}}' for the '{{' in line {first}", "the end of the file");
    }

    private List<string> ReadPath()
    {
        var parts = new List<string>();
        do
        {
            if (parts.Count > 0)
                _at++; // the dot
            var start = _at;
            if (Next == '"')
            {
                ReadQuoted();
                parts.Add(_text[(start + 1)..(_at - 1)]);
                continue;
            }

            while (!char.IsWhiteSpace(Next) && Next != '.' && !IsComment && !NotUnquoted.Contains(Next, StringComparison.Ordinal))
                _at++;
            if (_at == start)
                throw Wrong("the name of a setting");
            parts.Add(_text[start.._at]);
        }
        while (Next == '.');
        if (parts is ["include"])
            throw _wrong(_line, "settings alone, as a file of settings reads no other", "include");
        return parts;
    }

    private void ReadValue(string[] path, int depth)
    {
        switch (Next)
        {
            case '{': ReadObject(path, depth); break;
            case '[': ReadArray(path, depth); break;
            case '"': ReadQuoted(); break;
            default: ReadUnquoted(); break;
        }

        SkipSpaces();
        if (!IsAtEnd && !IsComment && Next is not ('\n' or ',' or '}' or ']'))
            throw Wrong("the end of the value, or quotes around all of it");
    }

    private void ReadArray(string[] path, int depth)
    {
        if (depth == DepthMax)
            throw Wrong($"at most {DepthMax} braces or brackets within each other");
        var line = _line;
        _at++;
        for (SkipBetween(); Next != ']'; SkipBetween())
        {
            if (IsAtEnd)
                throw _wrong(_line, $"a ']' for the '[' in line {line}", "the end of the file");
            ReadValue(path, depth + 1);
        }

        _at++;
    }

    private void ReadQuoted()
    {
        for (_at++; Next != '"'; _at++)
        {
            if (Next == '\n')
                throw _wrong(_line, "a '\"' that ends the text", IsAtEnd ? "the end of the file" : "the end of the line");
            if (Next != '\\')
                continue;
            _at++;
            var isCode = Next == 'u' && _at + 4 < _text.Length && _text.AsSpan(_at + 1, 4).IndexOfAnyExcept(HexDigits) < 0;
            if (!isCode && !"\"\\/bfnrt".Contains(Next, StringComparison.Ordinal))
                throw Wrong("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u and four hexadecimal digits");
        }

        _at++;
    }

    private void ReadUnquoted()
    {
        var start = _at;
        while (Next != '\n' && !IsComment && !NotUnquoted.Contains(Next, StringComparison.Ordinal))
            _at++;
        if (_at == start)
            throw Wrong("a value, in quotes if it has signs in it");
    }

    private void SkipSpaces()
    {
        while (Next != '\n' && char.IsWhiteSpace(Next))
            _at++;
    }

    /// <summary>Blank lines, comments, and commas.</summary>
    private void SkipBetween()
    {
        while (!IsAtEnd && (char.IsWhiteSpace(Next) || Next == ',' || IsComment))
        {
            while (IsComment && Next != '\n' && _text.IndexOf('\n', _at) is var end)
                _at = end < 0 ? _text.Length : end;
            if (IsAtEnd)
                return;
            if (Next == '\n')
                _line++;
            _at++;
        }
    }

    private Exception Wrong(string expected) =>
        _wrong(_line, expected, IsAtEnd ? "the end of the file" : Next == '\n' ? "the end of the line" : $"'{ShownText.Of($"{Next}")}'");
}
