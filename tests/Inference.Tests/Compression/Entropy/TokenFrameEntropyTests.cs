using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.Entropy;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.Inference.Tests.Compression.Entropy;

/// <summary>
/// The symbols of frames of one token against the entropy of the tables that the frame names, Σ −log2(frequency / 4096): at the width of the embedded
/// model within 6 %, at that of a model of 7B within 2 %, each token by itself.
/// </summary>
public sealed class TokenFrameEntropyTests
{
    private const int TokenCount = 64;

    private static readonly SplitCalibration Calibration = FrameCorpus.OpenCalibration();

    [Theory]
    [InlineData("6.5rms", 4, 5, 256, 0.06)]
    [InlineData("6.5rms", 4, 5, 4096, 0.02)]
    [InlineData("3rms", 3, 3, 256, 0.06)]
    [InlineData("3rms", 3, 3, 4096, 0.02)]
    public void Encode_TabqToken_TakesTheEntropyOfItsTable(string threshold, int bitsMin, int bitsMax, int width, double share)
    {
        var options = new CompressionOptions(FrameCodec.Tabq, new TabqOptions(Threshold.Parse(threshold, "test"), bitsMax: bitsMax, bitsMin: bitsMin));
        AssertWithin(share, Frames(options, width).Select(Tabq));

        (double, int) Tabq(byte[] frame)
        {
            var reader = new ByteReader(Payload(frame));
            Assert.True(RowRecord.TryRead(ref reader, out var record) && (!record.HasOutliers || OutlierCoder.TrySkip(ref reader, width, out _)));
            return Compare(reader.Remaining, TableFamily.For(record.Grid), [.. Enumerable.Repeat((ushort)record.Shape, width)]);
        }
    }

    [Theory]
    [InlineData(0.3f, RateDistortionTransform.None, 256, 0.06)]
    [InlineData(0.3f, RateDistortionTransform.None, 4096, 0.02)]
    [InlineData(0.9f, RateDistortionTransform.None, 256, 0.06)]
    [InlineData(0.9f, RateDistortionTransform.None, 4096, 0.02)]
    [InlineData(0.3f, RateDistortionTransform.Columns, 256, 0.06)]
    [InlineData(0.3f, RateDistortionTransform.KarhunenLoeve, 256, 0.06)]
    [InlineData(0.3f, RateDistortionTransform.Prediction, 256, 0.06)]
    public void Encode_RateDistortionToken_TakesTheEntropyOfItsTables(float relativeStep, RateDistortionTransform transform, int width, double share)
    {
        var options = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(relativeStep, transform) };
        AssertWithin(share, Frames(options, width).Select(RateDistortion));

        (double, int) RateDistortion(byte[] frame)
        {
            var reader = new ByteReader(Payload(frame));
            Assert.True(FrameSetting.TryRead(ref reader, out var setting));
            Assert.True(TokenRecord.TryRead(ref reader, out var record));
            Assert.True(!record.HasOutliers || OutlierCoder.TrySkip(ref reader, width, out _));
            Assert.Equal(transform, setting.Transform);
            var tables = new ushort[width];
            ColumnTables.Fill(setting, transform == RateDistortionTransform.None ? ColumnOffsets.None : Calibration.Transform(transform)!.Offsets, tables);
            return Compare(reader.Remaining, SpreadTables.For(setting.Shape).Tables, tables);
        }
    }

    private static IEnumerable<byte[]> Frames(CompressionOptions options, int width)
    {
        var hidden = GoldenInputs.Normal(TokenCount * width);
        var embeddings = new float[width];
        var encoder = new HiddenStateEncoder(options, Calibration);
        return hidden.Chunk(width).Select(token => encoder.Encode(token, 1, width, embeddings).Bytes.ToArray());
    }

    private static ReadOnlySpan<byte> Payload(byte[] frame)
    {
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryOpen(frame, Calibration, out _, out var payload));
        return payload;
    }

    /// <returns>Entropy of the symbols, in bytes, and bytes of the stream.</returns>
    private static (double EntropyBytes, int StreamBytes) Compare(ReadOnlySpan<byte> stream, RansTables tables, ushort[] columnTables)
    {
        var symbols = new byte[columnTables.Length];
        Assert.True(RansDecoder.TryOpen(stream, symbols.Length, out var decoder));
        decoder.Decode(symbols, tables, columnTables);
        Assert.True(decoder.IsFinished);
        return (symbols.Zip(columnTables, (symbol, table) => -Math.Log2(tables.Frequency(table, symbol) / (double)RansStream.Scale)).Sum() / 8, stream.Length);
    }

    private static void AssertWithin(double share, IEnumerable<(double EntropyBytes, int StreamBytes)> tokens) =>
        Assert.All(tokens, token => Assert.InRange(token.StreamBytes / token.EntropyBytes, 1 - (2 / token.EntropyBytes), 1 + share));
}
