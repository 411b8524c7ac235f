using System.Globalization;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>Settings of the rate–distortion codec.</summary>
public sealed record RateDistortionOptions
{
    /// <summary>Finest step: at a 64th of the RMS most levels of a token still fit the alphabet.</summary>
    public const float RelativeStepMin = 1f / 64;

    /// <summary>Coarsest step, at which hardly a value is left.</summary>
    public const float RelativeStepMax = 8;

    /// <summary>Measured on the embedded model: about 0.5 % rise of perplexity without a calibration.</summary>
    public const float RelativeStepDefault = 0.3f;

    /// <param name="relativeStep">Quantization step as a multiple of the token's RMS, 1/64 to 8.</param>
    /// <param name="transform">Most that may be taken from a hidden state before; the encoder takes less where something is missing.</param>
    /// <exception cref="UserErrorException">The step is out of its range.</exception>
    public RateDistortionOptions(float relativeStep = RelativeStepDefault, RateDistortionTransform transform = RateDistortionTransform.None)
    {
        if (!(relativeStep is >= RelativeStepMin and <= RelativeStepMax))
        {
            throw new UserErrorException(
                UserErrorKind.Options, nameof(RelativeStep), $"{RelativeStepMin.ToString(CultureInfo.InvariantCulture)} to {RelativeStepMax} times the RMS",
                relativeStep.ToString(CultureInfo.InvariantCulture), "Correct the compression options.");
        }

        (RelativeStep, Transform) = (relativeStep, transform);
    }

    /// <summary>Quantization step of a token ÷ its RMS; the step that travels is the nearest of <see cref="StepGrid"/>.</summary>
    public float RelativeStep { get; }

    public RateDistortionTransform Transform { get; }
}
