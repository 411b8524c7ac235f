using System.Globalization;
using System.Text;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>What decoders found in how many inputs.</summary>
internal sealed class FuzzCounts
{
    private static readonly DecodeStatus[] Statuses = Enum.GetValues<DecodeStatus>();

    private readonly long[,,] _counts = new long[2, 2, Statuses.Length]; // [content, is repaired, status]

    public long InputCount { get; private set; }

    public void Add(bool isKeysAndValues, bool isRepaired, DecodeStatus status)
    {
        _counts[isKeysAndValues ? 1 : 0, isRepaired ? 1 : 0, (int)status]++;
        InputCount++;
    }

    public long Of(DecodeStatus status) => _counts[0, 0, (int)status] + _counts[0, 1, (int)status] + _counts[1, 0, (int)status] + _counts[1, 1, (int)status];

    /// <summary>Of inputs whose checksum was left as the change made it: Ok is a change that changes nothing, such as a byte drawn as it was.</summary>
    public long OfUnrepaired(DecodeStatus status) => _counts[0, 0, (int)status] + _counts[1, 0, (int)status];

    /// <summary>As CSV, a line for each outcome that was seen.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("decoder,outcome,checksum_left,checksum_repaired\n");
        for (var content = 0; content < 2; content++)
        {
            foreach (var status in Statuses)
            {
                var (left, repaired) = (_counts[content, 0, (int)status], _counts[content, 1, (int)status]);
                if (left + repaired > 0)
                    text.Append(CultureInfo.InvariantCulture, $"{(content == 0 ? "hidden states" : "keys and values")},{status},{left},{repaired}\n");
            }
        }

        return text.ToString();
    }
}
