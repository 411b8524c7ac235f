using System.Runtime.Intrinsics.X86;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Tests.Compression.Entropy;

/// <summary>The loops of each instruction set that this CPU has against the scalar reference, at 32 lanes.</summary>
public unsafe class RansInstructionSetTests
{
    private delegate void EncodeLoop(ref RansSourceRow row);

    private delegate void DecodeLoop(ref RansRow row);

    [Fact]
    public void EncodeBlocks_AnyRow_WritesTheWordsOfTheReference() =>
        Property.Holds(100, RansCase.Gen, sample =>
        {
            var expected = Encode(sample, static (ref RansSourceRow row) => RansRowEncoder.EncodeScalar<TablePerColumn>(ref row, 0));
            if (Avx2.IsSupported)
                Assert.Equal(expected, Encode(sample, RansRowEncoder256.EncodeBlocks<TablePerColumn>));
            if (RansRowEncoder512.IsSupported)
                Assert.Equal(expected, Encode(sample, RansRowEncoder512.EncodeBlocks<TablePerColumn>));
        });

    [Fact]
    public void DecodeBlocks_AnyRow_ReadsTheSymbolsOfTheReference() =>
        Property.Holds(100, RansCase.Gen, sample =>
        {
            var stream = Encode(sample, static (ref RansSourceRow row) => RansRowEncoder.EncodeScalar<TablePerColumn>(ref row, 0));
            var expected = Decode(sample, stream, RansRowDecoder.DecodeScalar<TablePerColumn>);
            Assert.Equal(expected[..sample.SymbolCount], Symbols(sample).SelectMany(row => row));
            if (Avx2.IsSupported)
                Assert.Equal(expected, Decode(sample, stream, RansRowDecoder256.DecodeBlocks<TablePerColumn>));
            if (RansRowDecoder512.IsSupported)
                Assert.Equal(expected, Decode(sample, stream, RansRowDecoder512.DecodeBlocks<TablePerColumn>));
        });

    [Fact]
    public void EncodeBlocks_SymbolThatTheTableLacks_IsNoticed()
    {
        var tables = new RansTables([[1, RansStream.Scale - 1]]);
        foreach (var symbol in new byte[] { 0, 1, 2, 255 })
        {
            var symbols = new byte[3 * RansStream.LaneCountMax];
            symbols[40] = symbol;
            var encoder = new RansEncoder();
            var count = 1 << 15;
            encoder.Begin(count);
            void Encode() => encoder.Encode(symbols, tables, 0);
            if (symbol > 1)
                Assert.Throws<ArgumentException>(Encode);
            else
                Encode();
        }
    }

    private static byte[][] Symbols(RansCase sample) => sample.Symbols(sample.Tables(), sample.TableNumbers());

    /// <returns>The final states, then the words.</returns>
    private static byte[] Encode(RansCase sample, EncodeLoop blocks)
    {
        var tables = sample.Tables();
        var numbers = sample.TableNumbers();
        var symbols = sample.Symbols(tables, numbers);
        var buffer = new byte[RansEncoder.SlackBytes + (sample.SymbolCount * RansStream.WordBytes)];
        var states = new uint[RansStream.LaneCountMax];
        states.AsSpan().Fill(RansStream.StateMin);
        fixed (RansSymbol* table = tables.Symbols)
        fixed (byte* bytes = buffer)
        fixed (uint* state = states)
        {
            var words = bytes + buffer.Length;
            for (var i = sample.Rows - 1; i >= 0; i--)
            {
                fixed (ushort* columnTables = numbers[i])
                fixed (byte* symbol = symbols[i])
                {
                    var row = new RansSourceRow
                    {
                        Tables = table,
                        ColumnTables = columnTables,
                        Symbols = symbol,
                        Column = sample.Width,
                        States = state,
                        LaneCount = RansStream.LaneCountMax,
                        Words = words,
                    };
                    RansRowEncoder.EncodeScalar<TablePerColumn>(ref row, sample.Width & ~(RansStream.LaneCountMax - 1));
                    blocks(ref row);
                    Assert.Equal(0, row.Column);
                    Assert.True(row.Lacking >= 0);
                    words = row.Words;
                }
            }

            return [.. states.SelectMany(BitConverter.GetBytes), .. buffer[(int)(words - bytes)..]];
        }
    }

    /// <returns>The symbols of all rows, then the final states.</returns>
    private static byte[] Decode(RansCase sample, byte[] stream, DecodeLoop blocks)
    {
        var tables = sample.Tables();
        var numbers = sample.TableNumbers();
        var decoded = new byte[sample.SymbolCount];
        var states = new uint[RansStream.LaneCountMax];
        Buffer.BlockCopy(stream, 0, states, 0, RansStream.LaneCountMax * RansStream.StateBytes);
        fixed (uint* slots = tables.Slots, state = states)
        fixed (byte* bytes = stream, symbols = decoded)
        {
            var words = bytes + (RansStream.LaneCountMax * RansStream.StateBytes);
            for (var i = 0; i < sample.Rows; i++)
            {
                fixed (ushort* columnTables = numbers[i])
                {
                    var row = new RansRow
                    {
                        Slots = slots,
                        ColumnTables = columnTables,
                        Symbols = symbols + (i * sample.Width),
                        Width = sample.Width,
                        States = state,
                        LaneCount = RansStream.LaneCountMax,
                        Words = words,
                        WordsEnd = bytes + stream.Length,
                    };
                    blocks(ref row);
                    RansRowDecoder.DecodeScalar<TablePerColumn>(ref row);
                    words = row.Words;
                }
            }

            Assert.True(words == bytes + stream.Length);
        }

        return [.. decoded, .. states.SelectMany(BitConverter.GetBytes)];
    }
}
