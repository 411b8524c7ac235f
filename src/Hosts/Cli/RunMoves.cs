using System.Collections.Immutable;
using System.Globalization;
using SplitActors.Actors.Edge;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>After how many tokens a session goes on with how many layers on the device.</summary>
internal readonly record struct Resplit(int AtToken, int SplitLayer);

/// <summary>Tokens between which nothing crosses the link; without an end it stays so.</summary>
internal readonly record struct LinkCut(int FromToken, int? ToToken);

/// <summary>What happens to a run's placement while it generates.</summary>
internal sealed record RunMoves
{
    private const int TokensMax = 1 << 24;
    private const double SecondsMax = 3600;

    public required ImmutableArray<Resplit> Resplits { get; init; }

    /// <summary>From which token on there is another link.</summary>
    public required (int AtToken, LinkText Link)? Relink { get; init; }

    public required LinkCut? Cut { get; init; }

    public required bool FallsBack { get; init; }

    /// <summary>Null: the default.</summary>
    public required TimeSpan? FallbackAfter { get; init; }

    /// <summary>When and how a device in hand-off mode hands over.</summary>
    public required HandoffServing Handoff { get; init; }

    /// <summary>All splits that the session may come to have after its first.</summary>
    public IEnumerable<int> SplitLayers => Resplits.Select(resplit => resplit.SplitLayer);

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static RunMoves Read(SettingReader settings)
    {
        var cut = settings.Parse<LinkCut>(RunSettings.CutLinkAt, "tokens N:M with N below M, or N alone", ParseCut);
        var (fallsBack, fallbackAfter) = ReadFallback(settings);
        return new RunMoves
        {
            Resplits = settings.Parse<ImmutableArray<Resplit>>(
                RunSettings.ResplitAt, "N:ℓ, or several such with commas between them and rising N", ParseResplits) ?? [],
            Relink = ReadRelink(settings),
            Cut = cut,
            FallsBack = fallsBack ?? cut is not null,
            Handoff = ReadHandoff(settings),
            FallbackAfter = fallbackAfter,
        };
    }

    /// <summary>Whether and when a device goes on alone; null where that is not said.</summary>
    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static (bool? FallsBack, TimeSpan? After) ReadFallback(SettingReader settings)
    {
        var after = settings.Seconds(RunSettings.FallbackAfter, SecondsMax);
        return (settings.Parse<bool>(RunSettings.Fallback, "device or none", ParseFallback), after);
    }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static HandoffServing ReadHandoff(SettingReader settings)
    {
        return new HandoffServing
        {
            TokenCountMax = settings.Integer(RunSettings.HandoffTokens, 1, TokensMax),
            Deadline = settings.Seconds(RunSettings.HandoffDeadline, SecondsMax),
            Shipment = settings.Find(RunSettings.HandoffKv) is ("auto", _)
                ? null
                : settings.Parse<KvShipment>(RunSettings.HandoffKv, "auto, exact, tabq or none", ParseShipment),
        };
    }

    private static KvShipment? ParseShipment(string text) => text switch
    {
        "exact" => KvShipment.Exact,
        "tabq" => KvShipment.Compressed,
        "none" => KvShipment.None,
        _ => null,
    };

    private static ImmutableArray<Resplit>? ParseResplits(string text)
    {
        var resplits = ImmutableArray.CreateBuilder<Resplit>();
        foreach (var part in text.Split(','))
        {
            if (part.Split(':') is not [var at, var layer] || !IsCount(at, out var token) || !int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var splitLayer))
                return null;
            if (token == 0 || (resplits.Count > 0 && token <= resplits[^1].AtToken))
                return null;
            resplits.Add(new Resplit(token, splitLayer));
        }

        return resplits.ToImmutable();
    }

    private static (int AtToken, LinkText Link)? ReadRelink(SettingReader settings)
    {
        if (settings.Find(RunSettings.RelinkAt) is not var (text, place))
            return null;
        var at = text.Split(':')[0];
        return at.Length < text.Length && IsCount(at, out var token) && token > 0
            ? (token, LinkText.Parse(text[(at.Length + 1)..], place))
            : throw SettingReader.Wrong(place, "a number of tokens and a link, such as 20:lte", text);
    }

    private static LinkCut? ParseCut(string text) => text.Split(':') switch
    {
        [var from] when IsCount(from, out var first) => new LinkCut(first, ToToken: null),
        [var from, var to] when IsCount(from, out var first) && IsCount(to, out var end) && first < end => new LinkCut(first, end),
        _ => null,
    };

    private static bool? ParseFallback(string text) => text switch
    {
        "device" => true,
        "none" => false,
        _ => null,
    };

    private static bool IsCount(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count <= TokensMax;
}
