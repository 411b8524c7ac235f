using SplitActors.Actors;

namespace SplitActors.Hosts.Chaos;

/// <summary>All disturbances of a run, in an order of the seed, until each has hit a session.</summary>
internal sealed class DisturbanceQueue
{
    /// <summary>Tokens of a session for each of its disturbances.</summary>
    private const int TokensPerDisturbance = 16;

    private const int PerSessionMax = 2;
    private const int LongOneIn = 4;
    private const int CutEndCount = 3;

    /// <summary>
    /// Seconds of a pause or a cut: about as long as a session waits for an answer, or, one in so many, long enough for the cluster to give
    /// a node up.
    /// </summary>
    private static readonly (double Min, double Max) Short = (0.5, 7);

    private static readonly (double Min, double Max) Long = (12, 20);

    /// <summary>Of disturbances that wait for others to be over.</summary>
    private const double AloneShare = 0.8;

    private readonly List<Disturbance> _waiting = [];
    private readonly Lock _lock = new();

    public DisturbanceQueue(IReadOnlyDictionary<DisturbanceKind, int> counts, ulong seed)
    {
        var random = new SplitMix64(seed);
        foreach (var (kind, count) in counts.OrderBy(entry => entry.Key))
            _waiting.AddRange(Enumerable.Range(0, count).Select(number => Draw(kind, number, random)));
        for (var last = _waiting.Count - 1; last > 0; last--)
        {
            var other = random.Next(last + 1);
            (_waiting[last], _waiting[other]) = (_waiting[other], _waiting[last]);
        }

        Total = _waiting.Count;
    }

    public int Total { get; }

    /// <summary>Those that the next session suffers, in their order; at most one before its first token.</summary>
    /// <param name="tokenCount">Of the session.</param>
    public IReadOnlyList<Disturbance> Take(int tokenCount)
    {
        var taken = new List<Disturbance>();
        var countMax = Math.Clamp(tokenCount / TokensPerDisturbance, 1, PerSessionMax);
        lock (_lock)
        {
            for (var i = 0; i < _waiting.Count && taken.Count < countMax;)
            {
                if (_waiting[i].Phase != SessionPhase.Decode && taken.Exists(other => other.Phase != SessionPhase.Decode))
                {
                    i++;
                    continue;
                }

                taken.Add(_waiting[i]);
                _waiting.RemoveAt(i);
            }
        }

        return [.. taken.OrderBy(disturbance => disturbance.Phase).ThenBy(disturbance => disturbance.Moment)];
    }

    /// <summary>It came too late for its session, and comes earlier in another one.</summary>
    public void PutBack(Disturbance disturbance)
    {
        lock (_lock)
            _waiting.Add(disturbance with { Moment = disturbance.Moment / 2 });
    }

    /// <summary>Phases take turns, so that few disturbances come in each too.</summary>
    private static Disturbance Draw(DisturbanceKind kind, int number, SplitMix64 random)
    {
        var phase = kind switch
        {
            DisturbanceKind.KillWorker => number % 3 == 2 ? SessionPhase.Prefill : SessionPhase.Decode,
            DisturbanceKind.KillScheduler or DisturbanceKind.KillSeed => number % 2 == 0 ? SessionPhase.Start : SessionPhase.Decode,
            _ => number % 4 == 3 ? SessionPhase.Prefill : SessionPhase.Decode,
        };
        var (least, most) = number % LongOneIn == ((number / LongOneIn) + 2) % LongOneIn ? Long : Short; // of devices and workers, frozen and closed, in turn
        return new Disturbance(kind, phase, random.NextFraction())
        {
            Duration = TimeSpan.FromSeconds(least + (random.NextFraction() * (most - least))),
            ComesAlone = random.NextFraction() < AloneShare,
            End = (CutEnd)(number % CutEndCount),
            HitsActive = number / 2 % 2 == 1,
            Freezes = (kind == DisturbanceKind.CutLink ? number / CutEndCount : number) % 2 == 1,
        };
    }
}
