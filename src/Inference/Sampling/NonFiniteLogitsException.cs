namespace SplitActors.Inference.Sampling;

/// <summary>A logit is NaN or infinite: the hidden state overflowed or was damaged, and no token can be drawn.</summary>
public sealed class NonFiniteLogitsException(int token, int position, float logit)
    : Exception($"The logit of token {token} at position {position} is {logit}, not a finite number.");
