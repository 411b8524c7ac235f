namespace SplitActors.Inference.Calibration;

/// <summary>A rotation as it is stored.</summary>
/// <param name="Vectors">[d, d] float16, a row per eigenvector, largest eigenvalue first.</param>
/// <param name="Deviation">[d] Standard deviation of each coefficient ÷ the token's RMS.</param>
internal sealed record KarhunenLoeveBasis(ushort[] Vectors, float[] Deviation);

/// <summary>A linear prediction of the hidden state from the token's embedding, as it is stored: h ≈ bias + scaleᵢ·codeᵢⱼ·eⱼ.</summary>
/// <param name="Codes">[d, d] A row per element of h.</param>
/// <param name="Scale">[d] Of each row.</param>
/// <param name="Bias">[d]</param>
/// <param name="Residual">Rotation of h less its prediction.</param>
internal sealed record EmbeddingPrediction(sbyte[] Codes, float[] Scale, float[] Bias, KarhunenLoeveBasis Residual)
{
    /// <summary>[d, d] P.</summary>
    public float[] Weights()
    {
        var weights = new float[Codes.Length];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = Codes[i] * Scale[i / Scale.Length];
        return weights;
    }
}

/// <summary>The tensors of one split.</summary>
/// <param name="Mean">[d] Of the hidden state.</param>
/// <param name="Deviation">[d] Standard deviation of each column ÷ the token's RMS.</param>
/// <param name="KarhunenLoeve">Null if it was not asked for.</param>
/// <param name="Prediction">Null if it was not asked for.</param>
internal sealed record SplitTensors(float[] Mean, float[] Deviation, KarhunenLoeveBasis? KarhunenLoeve, EmbeddingPrediction? Prediction);
