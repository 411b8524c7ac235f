using System.Text;

namespace SplitActors.Hosts.Files;

/// <summary>Text from outside, whose bytes may be in another encoding.</summary>
internal static class Utf8Text
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="bytes">Without a byte order mark.</param>
    /// <param name="invalidAt">Where the first byte stands that is not UTF-8.</param>
    /// <returns>The text; null if it is not UTF-8.</returns>
    public static string? Decode(ReadOnlySpan<byte> bytes, out int invalidAt)
    {
        try
        {
            invalidAt = -1;
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            invalidAt = e.Index;
            return null;
        }
    }
}
