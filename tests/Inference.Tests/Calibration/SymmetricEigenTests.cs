using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public class SymmetricEigenTests
{
    private const double Tolerance = 1e-12; // of the norm, per dimension

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(130)]
    public void Decompose_RandomMatrix_GivesOrthonormalVectorsThatItScales(int size)
    {
        var random = new Random(size);
        var matrix = new double[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column <= row; column++)
                matrix[(row * size) + column] = matrix[(column * size) + row] = random.NextDouble() - 0.5;
        }

        AssertDecomposes(matrix, size);
    }

    [Fact]
    public void Decompose_RepeatedAndZeroEigenvalues_Converges()
    {
        const int Size = 12;
        AssertDecomposes(new double[Size * Size], Size);
        var ones = Enumerable.Repeat(1.0, Size * Size).ToArray(); // eigenvalues n, 0, 0, …
        AssertDecomposes(ones, Size);
        var graded = new double[Size * Size];
        for (var i = 0; i < Size; i++)
            graded[(i * Size) + i] = Math.Pow(10, -i);
        AssertDecomposes(graded, Size);
    }

    private static void AssertDecomposes(double[] matrix, int size)
    {
        var (values, vectors) = SymmetricEigen.Decompose([.. matrix], size);
        var norm = Math.Max(1, Math.Sqrt(matrix.Sum(value => value * value)));
        Assert.Equal(values.OrderDescending(), values);
        for (var i = 0; i < size; i++)
        {
            var vector = vectors.AsSpan(i * size, size);
            for (var j = 0; j <= i; j++)
                Assert.InRange(DoubleVectors.Dot(vector, vectors.AsSpan(j * size, size)) - (i == j ? 1 : 0), -Tolerance * size, Tolerance * size);
            for (var row = 0; row < size; row++)
                Assert.InRange(DoubleVectors.Dot(matrix.AsSpan(row * size, size), vector) - (values[i] * vector[row]), -Tolerance * size * norm, Tolerance * size * norm);
        }
    }
}
