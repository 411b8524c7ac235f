using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// How much of a calibration is done, in layers that a token goes through: that is what most of the time goes into, and other work is
/// reckoned in. Reckons with all of the text until less is known to do, so the share never falls.
/// </summary>
internal sealed class CalibrationWork
{
    private const double HeadLayers = 0.5;          // final norm, head and logits
    private const double CodecLayers = 0.5;         // a frame coded and decoded
    private const double MomentLayers = 0.5;        // products of one kind of a token, in float64
    private const double DecompositionTokens = 2.5; // layers of one token for each column of a matrix that is decomposed

    private readonly CalibrationText _text;
    private readonly IProgress<CalibrationProgress>? _progress;
    private readonly int _layerCount;
    private readonly int _settingCount;         // of a split, at most
    private readonly double _momentCost;        // of a token at a split
    private readonly double _decompositionCost; // of a matrix
    private double _done;
    private double _total;

    /// <param name="config">Of the model.</param>
    /// <param name="options">What to calibrate.</param>
    /// <param name="text">Both parts.</param>
    /// <param name="groups">Splits that are calibrated at once.</param>
    /// <param name="progress">Told after each piece.</param>
    public CalibrationWork(
        ModelConfig config, CalibrationOptions options, CalibrationText text, IReadOnlyList<IReadOnlyList<int>> groups,
        IProgress<CalibrationProgress>? progress)
    {
        (_text, _progress, _layerCount) = (text, progress, config.LayerCount);
        var matrixCount = (options.WithKarhunenLoeve ? 1 : 0) + (options.WithPrediction ? 1 : 0);
        _momentCost = MomentLayers * (options.WithPrediction ? 3 : matrixCount);
        _decompositionCost = DecompositionTokens * config.HiddenSize;
        _settingCount = SplitQuality.SettingCountMax(2 + matrixCount);
        foreach (var group in groups)
        {
            _total += (text.Statistics.Length * GatheringCost(group)) + (group.Count * matrixCount * _decompositionCost);
            _total += text.Quality.Length * _settingCount * group.Sum(SettingCost);
        }
    }

    /// <summary>Told the share of one of a split's decompositions after the other.</summary>
    public IProgress<double> Decomposition() => new DecompositionProgress(this);

    /// <summary>A window went through the front.</summary>
    public void Gathered(IReadOnlyList<int> group) => Add("statistics", _text.StatisticsWindowTokens * GatheringCost(group));

    /// <summary>A split has so many settings to measure.</summary>
    public void Found(int splitLayer, int settingCount) => Spare(splitLayer, _settingCount - settingCount, _text.Quality.Length);

    /// <summary>A window went through a setting and the back.</summary>
    public void Measured(int splitLayer, int tokenCount) => Add("quality", tokenCount * SettingCost(splitLayer));

    /// <summary>Tokens of the second part need not go through the settings of a split.</summary>
    public void Spare(int splitLayer, int settingCount, int tokenCount) => _total -= tokenCount * settingCount * SettingCost(splitLayer);

    /// <summary>All is measured.</summary>
    public void Finish() => _progress?.Report(new CalibrationProgress("quality", 1, IsDone: true));

    private double GatheringCost(IReadOnlyList<int> group) => group[^1] + (group.Count * _momentCost);

    private double SettingCost(int splitLayer) => _layerCount - splitLayer + HeadLayers + CodecLayers;

    private void Add(string work, double amount)
    {
        _done += amount;
        _progress?.Report(new CalibrationProgress(work, Math.Min(_done / _total, 1), IsDone: false));
    }

    private sealed class DecompositionProgress(CalibrationWork work) : IProgress<double>
    {
        private double _last;

        /// <summary>Each decomposition counts from 0 to 1.</summary>
        public void Report(double value)
        {
            work.Add("eigenvectors", Math.Max(value - _last, 0) * work._decompositionCost);
            _last = value;
        }
    }
}
