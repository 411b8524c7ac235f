namespace SplitActors.Hosts.Charts;

/// <summary>Values of one axis on a line of pixels, from round number to round number.</summary>
internal sealed class ChartScale
{
    private const int TickCountAimed = 6;
    private const double DecadesMax = 5;      // smaller values than that stand at the lower end
    private const double DecadesWithHalves = 3; // up to here 2 and 5 have ticks too

    private readonly bool _isLogarithmic;
    private readonly double _low;   // logarithms, where it is logarithmic
    private readonly double _high;
    private readonly double _start;
    private readonly double _end;

    /// <param name="values">What is shown; not finite ones are not.</param>
    /// <param name="isLogarithmic">Decades are equally long.</param>
    /// <param name="start">Pixel of the least value.</param>
    /// <param name="end">Pixel of the largest.</param>
    public ChartScale(IEnumerable<double> values, bool isLogarithmic, double start, double end)
    {
        (_isLogarithmic, _start, _end) = (isLogarithmic, start, end);
        double[] shown = [.. values.Where(value => double.IsFinite(value) && (!isLogarithmic || value > 0)).Select(value => isLogarithmic ? Math.Log10(value) : value)];
        if (shown.Length == 0)
            shown = [0, 1];
        var (low, high) = (isLogarithmic ? shown.Min() : Math.Min(0, shown.Min()), shown.Max());
        if (isLogarithmic)
            low = Math.Max(low, high - DecadesMax);
        var step = isLogarithmic ? 1 : Step(high - low);
        (_low, _high) = (Math.Floor(low / step) * step, Math.Ceiling(high / step) * step);
        if (_low == _high)
            _high += step;
        Ticks = isLogarithmic ? LogarithmicTicks() : [.. Enumerable.Range(0, (int)Math.Round((_high - _low) / step) + 1).Select(i => _low + (i * step))];
    }

    /// <summary>Round values from one end to the other.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>False for a value that stands at the lower end because the axis does not reach it.</summary>
    public bool Reaches(double value) => !_isLogarithmic || (value > 0 && Math.Log10(value) >= _low);

    /// <summary>The pixel of a value.</summary>
    public double At(double value)
    {
        var place = !_isLogarithmic ? value : value > 0 ? Math.Log10(value) : _low;
        return _start + (Math.Clamp((place - _low) / (_high - _low), 0, 1) * (_end - _start));
    }

    private double[] LogarithmicTicks()
    {
        double[] multiples = _high - _low <= DecadesWithHalves ? [1, 2, 5] : [1];
        var decades = Enumerable.Range((int)_low, (int)(_high - _low) + 1).Select(exponent => Math.Pow(10, exponent));
        return [.. decades.SelectMany(decade => multiples.Select(multiple => multiple * decade)).Where(tick => Math.Log10(tick) <= _high + 1e-9)];
    }

    /// <summary>1, 2 or 5 times a power of ten.</summary>
    private static double Step(double range)
    {
        if (range <= 0)
            return 1;
        var rough = range / TickCountAimed;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
