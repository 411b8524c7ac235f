namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>Hidden states that are hard on a codec: zeros, one magnitude, an offset, any bits, subnormals, half a step; NaN, infinities, one huge value.</summary>
internal static class HiddenValues
{
    /// <param name="random">Draws all.</param>
    /// <param name="row">[width], written</param>
    public static void Fill(Random random, Span<float> row)
    {
        var kind = random.Next(10);
        var scale = MathF.Pow(10, random.Next(-42, 38));
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = kind switch
            {
                0 => 0,
                1 => random.Next(2) == 0 ? scale : -scale,
                2 => (10 + random.NextSingle()) * (random.Next(2) == 0 ? 1 : -1),
                3 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
                4 => BitConverter.Int32BitsToSingle(random.Next(0x0080_0000)),
                5 => MathF.BitIncrement(scale) - (random.Next(2) * MathF.Abs(scale - MathF.BitDecrement(scale))),
                _ => Normal(random) * (kind == 6 ? 3 : scale),
            };
        }

        if (random.Next(3) == 0)
            row[random.Next(row.Length)] *= 1e6f;
        if (random.Next(4) == 0)
            row[random.Next(row.Length)] = random.Next(4) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => float.NegativeInfinity, _ => float.MaxValue };
    }

    public static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
