using SplitActors.Inference.Kernels;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class AttentionTests
{
    /// <summary>Query heads, KV heads, head width.</summary>
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 2 }, { 4, 2, 64 }, { 4, 4, 16 }, { 8, 1, 32 }, { 6, 2, 20 }, { 3, 3, 34 }, { 32, 8, 64 }, { 2, 1, 128 }, { 10, 2, 36 }, { 4, 2, 80 },
    };

    public static TheoryData<KvFormat> Formats => [KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4];

    private static int[] PositionCounts => [1, 2, 15, 16, 17, 33, 257];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_RandomOperands_StaysWithinTheErrorBudget(int headCount, int kvHeadCount, int headDim)
    {
        foreach (var positionCount in PositionCounts)
        {
            foreach (var magnitude in new[] { 0.1f, 1f, 5f })
            {
                using var operands = new AttentionOperands(headCount, kvHeadCount, headDim, positionCount, magnitude);
                AssertWithinBudget(operands, keyError: 0, valueError: 0);
            }
        }
    }

    [Theory]
    [InlineData(KvFormat.Float16, 1.0 / 2048)]
    [InlineData(KvFormat.Int8, 1.01 / 255)]
    [InlineData(KvFormat.Int4, 1.01 / 15)]
    public void Attend_FewerBits_StaysWithinWhatTheyCost(KvFormat format, double errorOfUnitValues)
    {
        foreach (var positionCount in PositionCounts)
        {
            using var operands = new AttentionOperands(6, 2, 36, positionCount, magnitude: 1, format);
            AssertWithinBudget(operands, errorOfUnitValues, errorOfUnitValues);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_OnePosition_IsItsValue(int headCount, int kvHeadCount, int headDim)
    {
        using var operands = new AttentionOperands(headCount, kvHeadCount, headDim, positionCount: 1, magnitude: 3);
        var expected = Enumerable.Range(0, headCount)
            .SelectMany(head => operands.Values.Skip(head / (headCount / kvHeadCount) * headDim).Take(headDim));
        Assert.Equal(expected, operands.AttendLast());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_EqualKeys_AveragesTheValues(int headCount, int kvHeadCount, int headDim)
    {
        using var operands = new AttentionOperands(headCount, kvHeadCount, headDim, positionCount: 37, magnitude: 1);
        for (var i = operands.KvWidth; i < operands.Keys.Length; i++)
            operands.Keys[i] = operands.Keys[i - operands.KvWidth];
        operands.Fill(operands.Cache);
        var output = operands.AttendLast();
        for (var i = 0; i < output.Length; i++)
        {
            var column = (i / headDim / (headCount / kvHeadCount) * headDim) + (i % headDim);
            var average = Enumerable.Range(0, 37).Average(position => (double)operands.Values[(position * operands.KvWidth) + column]);
            Assert.Equal(average, output[i], 37 * ErrorBudget.Epsilon);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Attend_AnyTiling_HasTheBitsOfOneRowAtATime(KvFormat format)
    {
        foreach (var (headCount, kvHeadCount, headDim) in new[] { (4, 4, 20), (6, 2, 36), (8, 2, 64), (5, 1, 80), (2, 2, 128) })
        {
            using var operands = new AttentionOperands(headCount, kvHeadCount, headDim, positionCount: 53, magnitude: 2, format);
            var expected = operands.Attend(0, tileRows: 1);
            foreach (var tileRows in new[] { 2, 3, 7, 8, 16, 17, 53 })
                BitAssert.Equal(expected, operands.Attend(0, tileRows));
            BitAssert.Equal(expected.AsSpan(29 * operands.QueryWidth), operands.Attend(29, tileRows: 5));
        }
    }

    /// <summary>Pages that held something else, NaN above all, and lie elsewhere: a row sees only its own past.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void Attend_RecycledPages_HasTheBitsOfFreshOnes(KvFormat format)
    {
        using var operands = new AttentionOperands(6, 2, 36, positionCount: 37, magnitude: 1, format);
        using var pool = new KvPagePool(operands.Cache.Layout, operands.Cache.Layout.BytesFor(200));
        using (var dirty = new KvCache(pool, 150))
        {
            dirty.Reserve(0, 150);
            var notANumber = Enumerable.Repeat(float.NaN, operands.HeadDim).ToArray();
            for (var position = 0; position < 150; position++)
            {
                dirty.Write(1, 0, position, notANumber, notANumber);
                dirty.Write(1, 1, position, notANumber, notANumber);
            }
        }

        using var other = new KvCache(pool, 20);
        other.Reserve(0, 20);
        using var cache = new KvCache(pool, 37);
        operands.Fill(cache);
        BitAssert.Equal(operands.Attend(0, tileRows: 4), operands.Attend(0, tileRows: 4, cache));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Attend_NaNAtAPosition_IsSeenFromThereOnOnly(KvFormat format)
    {
        const int Position = 18;
        using var operands = new AttentionOperands(4, 2, 36, positionCount: 40, magnitude: 1, format);
        var before = operands.Attend(0, tileRows: 8);
        operands.Values[(Position * operands.KvWidth) + 3] = float.NaN;
        operands.Keys[(Position * operands.KvWidth) + 50] = float.PositiveInfinity; // of the other head: saturates, or stays
        operands.Fill(operands.Cache);
        var after = operands.Attend(0, tileRows: 8);
        BitAssert.Equal(before.AsSpan(0, Position * operands.QueryWidth), after.AsSpan(0, Position * operands.QueryWidth));
        for (var row = Position; row < 40; row++)
            Assert.True(format == KvFormat.Float16 ? after[(row * operands.QueryWidth) + 3] != before[(row * operands.QueryWidth) + 3] : float.IsNaN(after[(row * operands.QueryWidth) + 3]));
    }

    [Fact]
    public void Attend_LaterPositions_AreNotSeen()
    {
        using var all = new AttentionOperands(4, 2, 64, positionCount: 40, magnitude: 1);
        using var some = new AttentionOperands(4, 2, 64, positionCount: 23, magnitude: 1);
        all.Query.AsSpan(0, some.Query.Length).CopyTo(some.Query);
        all.Keys.AsSpan(0, some.Keys.Length).CopyTo(some.Keys);
        all.Values.AsSpan(0, some.Values.Length).CopyTo(some.Values);
        some.Fill(some.Cache);
        BitAssert.Equal(all.Attend(0, tileRows: 8).AsSpan(0, 23 * 4 * 64), some.Attend(0, tileRows: 8));
    }

    [Theory]
    [InlineData(64, 4)]
    [InlineData(36, 1)]
    [InlineData(128, 7)]
    [InlineData(80, 40)]
    public void ScratchCount_SufficesForTheTilesOfAllShorterSequences(int headDim, int headsPerKvHead)
    {
        const int PositionsMax = 20_000;
        var scratch = Attention.ScratchCount(headDim, headsPerKvHead, PositionsMax);
        for (var positions = 1; positions <= PositionsMax; positions += 37)
        {
            var rows = Attention.RowsPerTile(headsPerKvHead, positions);
            Assert.InRange(AttentionScratch.Count(headDim, rows * headsPerKvHead, positions), 1, scratch);
        }
    }

    [Theory]
    [InlineData(2, 0, 0, 1)]   // no such layer
    [InlineData(0, 2, 0, 1)]   // no such head
    [InlineData(0, 0, -1, 1)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 0, 10, 2)]  // after the last token
    public void Attend_TileOutsideOfTheCache_IsRefused(int layer, int kvHead, int position, int rowCount)
    {
        using var operands = new AttentionOperands(4, 2, 16, positionCount: 11, magnitude: 1);
        var rows = new float[Math.Max(1, rowCount) * operands.QueryWidth];
        Assert.ThrowsAny<ArgumentException>(
            () => Attention.Attend(operands.Cache, new AttentionTile(layer, kvHead, position, rowCount), rows, rows, new float[10_000]));
    }

    [Theory]
    [InlineData(63, 64, 10_000)]
    [InlineData(64, 63, 10_000)]
    [InlineData(64, 64, 100)]
    public void Attend_SizesThatDoNotFit_AreRefused(int queryLength, int outputLength, int scratchLength)
    {
        using var operands = new AttentionOperands(4, 2, 16, positionCount: 11, magnitude: 1);
        Assert.ThrowsAny<ArgumentException>(
            () => Attention.Attend(operands.Cache, new AttentionTile(0, 0, 0, 1), new float[queryLength], new float[outputLength], new float[scratchLength]));
    }

    private static void AssertWithinBudget(AttentionOperands operands, double keyError, double valueError)
    {
        var (simd, scalar) = (operands.AttendLast(), operands.AttendLastScalar());
        for (var i = 0; i < simd.Length; i++)
            ErrorBudget.AssertWithin(scalar[i], simd[i], operands.Budget(i, keyError, valueError), $"{operands.PositionCount} positions, element {i}");
    }
}
