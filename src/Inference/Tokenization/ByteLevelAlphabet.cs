using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// The one-to-one spelling of bytes as printable characters in which byte-level vocabularies are written (GPT-2): bytes that Latin-1
/// prints stand for themselves, the other 68 become U+0100, U+0101, … in order; a space is 'Ġ'.
/// </summary>
internal static class ByteLevelAlphabet
{
    private const int SpelledCount = 68;
    private const int NoByte = -1;

    private static readonly char[] CharOfByte = Spell(); // [256]
    private static readonly int[] ByteOfChar = Invert(CharOfByte); // [256 + 68]

    public static char ToChar(byte value) => CharOfByte[value];

    /// <summary>Appends the bytes that a token spells; a token with a character outside the alphabet is literal text.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        var start = bytes.Count;
        foreach (var c in token)
        {
            if (c >= ByteOfChar.Length || ByteOfChar[c] == NoByte)
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            bytes.Add((byte)ByteOfChar[c]);
        }
    }

    private static char[] Spell()
    {
        var chars = new char[256];
        var next = (char)256;
        for (var b = 0; b < 256; b++)
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : next++;
        return chars;
    }

    private static int[] Invert(char[] charOfByte)
    {
        var bytes = new int[256 + SpelledCount];
        Array.Fill(bytes, NoByte);
        for (var b = 0; b < 256; b++)
            bytes[charOfByte[b]] = b;
        return bytes;
    }
}
