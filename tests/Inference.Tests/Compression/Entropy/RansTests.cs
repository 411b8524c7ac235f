using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.Entropy;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression.Entropy;

public class RansTests
{
    private readonly RansEncoder _encoder = new();

    [Fact]
    public void Decode_TablePerColumn_RestoresSymbolsAndEndsWhereTheEncoderBegan() =>
        Property.Holds(200, RansCase.Gen, sample =>
        {
            var tables = sample.Tables();
            var numbers = sample.TableNumbers();
            var symbols = sample.Symbols(tables, numbers);
            var stream = Encode(sample, tables, symbols, numbers);

            Assert.True(RansDecoder.TryOpen(stream, sample.SymbolCount, out var decoder));
            var decoded = new byte[sample.Width];
            for (var row = 0; row < sample.Rows; row++)
            {
                decoder.Decode(decoded, tables, numbers[row]);
                Assert.Equal(symbols[row], decoded);
            }

            Assert.True(decoder.IsFinished);
        });

    [Fact]
    public void Decode_OneTablePerRow_IsThatOfEqualTablesPerColumn() =>
        Property.Holds(100, RansCase.Gen, sample =>
        {
            var tables = sample.Tables();
            var numbers = sample.TableNumbers();
            foreach (var row in numbers)
                row.AsSpan().Fill(row[0]);
            var symbols = sample.Symbols(tables, numbers);
            var stream = Encode(sample, tables, symbols, numbers);
            _encoder.Begin(sample.SymbolCount);
            for (var row = sample.Rows - 1; row >= 0; row--)
                _encoder.Encode(symbols[row], tables, numbers[row][0]);
            Assert.Equal(stream, _encoder.Finish().ToArray());

            Assert.True(RansDecoder.TryOpen(stream, sample.SymbolCount, out var decoder));
            var decoded = new byte[sample.Width];
            for (var row = 0; row < sample.Rows; row++)
            {
                decoder.Decode(decoded, tables, numbers[row][0]);
                Assert.Equal(symbols[row], decoded);
            }

            Assert.True(decoder.IsFinished);
        });

    [Theory]
    [InlineData(256, 1, 3)]
    [InlineData(2047, 1, 3)]
    [InlineData(4096, 4, 16)]
    [InlineData(40000, 32, 128)]
    public void Finish_MatchingTable_CostsTheEntropyAndAtMostTheBytesPromised(int count, int laneCount, int bytesMax)
    {
        Assert.Equal(laneCount, RansStream.LaneCount(count));
        for (var seed = 0; seed < 20; seed++)
        {
            var sample = new RansCase(seed, 1, count);
            var tables = sample.Tables();
            var numbers = sample.TableNumbers();
            var slots = new Random(seed);
            byte[][] symbols = [[.. numbers[0].Select(table => RansTables.SymbolOf(tables.Slots[(table * RansStream.Scale) + slots.Next(RansStream.Scale)]))]];
            var entropyBytes = symbols[0].Zip(numbers[0], (symbol, table) => -Math.Log2(tables.Frequency(table, symbol) / 4096.0)).Sum() / 8;

            // Each step may lose up to 2^-4 of the 2^16 by which a full state exceeds a table, far less on average: 1 in 10,000.
            Assert.InRange(Encode(sample, tables, symbols, numbers).Length, entropyBytes - 2, (entropyBytes * 1.0005) + bytesMax);
        }
    }

    /// <summary>Symbols of single-token frames, at the widths of the embedded model and of one of 7B, against the entropy of the token's own table.</summary>
    [Theory]
    [InlineData(256, 0.06)]
    [InlineData(4096, 0.02)]
    public void Finish_OneToken_IsWithinTheShareOfItsTablesEntropy(int width, double share)
    {
        var hidden = GoldenInputs.Normal(64 * width);
        var (entropyBytes, streamBytes) = (0.0, 0);
        foreach (var bits in new[] { 3, 4, 5 })
        {
            var grid = AsymmetricQuantizer.Fit(0, 4, bits);
            foreach (var token in hidden.Chunk(width))
            {
                var (levels, symbols, counts) = (new byte[width], new byte[width], new int[grid.LevelMax + 1]);
                AsymmetricQuantizer.Quantize([.. token.Select(MathF.Abs)], grid, levels);
                SymbolMap.Count(levels, counts);
                SymbolMap.ToSymbols(grid, token, levels, symbols);
                var (tables, shape) = (TableFamily.For(grid), TableFamily.Choose(grid, counts));
                _encoder.Begin(width);
                _encoder.Encode(symbols, tables, shape);
                streamBytes += _encoder.Finish().Length;
                entropyBytes += symbols.Sum(symbol => -Math.Log2(tables.Frequency(shape, symbol) / 4096.0)) / 8;
            }
        }

        Assert.InRange(streamBytes / entropyBytes, 1, 1 + share);
    }

    [Fact]
    public void Finish_SureSymbols_TakesNoBytes()
    {
        var tables = new RansTables([[0, RansStream.Scale]]);
        _encoder.Begin(1000);
        _encoder.Encode(Enumerable.Repeat((byte)1, 1000).ToArray(), tables, 0);
        Assert.Equal(0, _encoder.Finish().Length);
    }

    [Fact]
    public void Decode_AnyBytes_NeverFailsAndAnyChangedByteIsNoticed() =>
        Property.Holds(100, RansCase.Gen, sample =>
        {
            var tables = sample.Tables();
            var numbers = sample.TableNumbers();
            var symbols = sample.Symbols(tables, numbers);
            var stream = Encode(sample, tables, symbols, numbers);
            var random = new Random(sample.Seed);
            for (var i = 0; i < 20 && stream.Length > 0; i++)
            {
                var changed = stream.ToArray();
                changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
                var isSame = true;
                if (!RansDecoder.TryOpen(i % 2 == 0 ? changed : changed[..random.Next(changed.Length)], sample.SymbolCount, out var decoder))
                    continue;
                var decoded = new byte[sample.Width];
                for (var row = 0; row < sample.Rows; row++)
                {
                    decoder.Decode(decoded, tables, numbers[row]);
                    isSame &= decoded.AsSpan().SequenceEqual(symbols[row]);
                }

                Assert.False(isSame && decoder.IsFinished);
            }
        });

    [Fact]
    public void Encode_SymbolThatTheTableLacks_Throws()
    {
        _encoder.Begin(1);
        Assert.Throws<ArgumentException>(() => _encoder.Encode([1], new RansTables([[RansStream.Scale]]), 0));
    }

    [Fact]
    public void Encode_RowBeyondTheSymbolsOfTheStream_Throws()
    {
        var tables = new RansTables([[RansStream.Scale / 2, RansStream.Scale / 2]]);
        Assert.Throws<InvalidOperationException>(() => _encoder.Encode([0], tables, 0));
        _encoder.Begin(3);
        _encoder.Encode([0, 1], tables, 0);
        Assert.Throws<InvalidOperationException>(() => _encoder.Encode([0, 1], tables, 0));
        Assert.Throws<InvalidOperationException>(() => _encoder.Encode([0, 1], tables, (ReadOnlySpan<ushort>)[0, 0]));
    }

    [Fact]
    public void Finish_SymbolsMissing_Throws()
    {
        var tables = new RansTables([[RansStream.Scale / 2, RansStream.Scale / 2]]);
        _encoder.Begin(3);
        _encoder.Encode([0, 1], tables, 0);
        Assert.Throws<InvalidOperationException>(() => _encoder.Finish().Length);
        _encoder.Encode([1], tables, 0);
        Assert.NotEqual(0, _encoder.Finish().Length);
    }

    [Fact]
    public void Decode_TableThatDoesNotExist_Throws()
    {
        var tables = new RansTables([[RansStream.Scale]]);
        Assert.Throws<ArgumentException>(() => _encoder.Encode([0, 0], tables, (ReadOnlySpan<ushort>)[0, 1]));
        Assert.Throws<ArgumentException>(() => _encoder.Encode([0, 0], tables, (ReadOnlySpan<ushort>)[0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _encoder.Encode([0, 0], tables, 1));
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4097)]
    public void Constructor_FrequenciesOfAnotherSum_AreRefused(int sum) =>
        Assert.Throws<ArgumentException>(() => new RansTables([[1, (ushort)(sum - 1)]]));

    [Theory]
    [InlineData(256)]
    [InlineData(65536)]
    public void EncodeAndDecode_WarmBuffers_AllocateNothing(int count)
    {
        var sample = new RansCase(1, 1, count);
        var tables = sample.Tables();
        var numbers = sample.TableNumbers();
        var symbols = sample.Symbols(tables, numbers);
        var stream = Encode(sample, tables, symbols, numbers);
        var decoded = new byte[count];
        Assert.Equal(0, Allocations.LeastBytes(() =>
        {
            _encoder.Begin(count);
            _encoder.Encode(symbols[0], tables, numbers[0]);
            _ = _encoder.Finish();
            _ = RansDecoder.TryOpen(stream, count, out var decoder);
            decoder.Decode(decoded, tables, numbers[0]);
        }));
    }

    private byte[] Encode(RansCase sample, RansTables tables, byte[][] symbols, ushort[][] numbers)
    {
        _encoder.Begin(sample.SymbolCount);
        for (var row = sample.Rows - 1; row >= 0; row--)
            _encoder.Encode(symbols[row], tables, numbers[row]);
        return _encoder.Finish().ToArray();
    }
}
