using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Compression.KeyValues;

public sealed class KvFrameTests
{
    private static readonly KvCase Ordinary = new(Seed: 1, LayerCount: 2, KvHeadCount: 2, HeadDim: 6, KvFormat.Float16, TokenCount: 20, KvGrouping.Layer);

    private static readonly KvRange Whole = new(new LayerRange(KvCase.FirstLayer, KvCase.FirstLayer + 2), 0, 20);

    [Fact]
    public void Decode_LosslessFrame_GivesTheStoredBytes() =>
        Property.Holds(100, KvCase.Gen, sample =>
        {
            using var cache = sample.Filled();
            using var copy = sample.Empty();
            copy.Reserve(0, sample.Range.FirstPosition);
            var frame = new KvFrameEncoder(KvFrameOptions.Lossless).Encode(cache, sample.Range, KvCase.FirstLayer);
            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(frame.Bytes.Span, copy, KvCase.FirstLayer));
            Assert.Equal(sample.Range.FirstPosition + sample.Range.PositionCount, copy.TokenCount);
            Assert.Equal(sample.Stored(cache, sample.Range), sample.Stored(copy, sample.Range));
            Assert.Equal(4L * sample.Range.Layers.Count * sample.Range.PositionCount * sample.KvHeadCount * sample.HeadDim, frame.Statistics.Float16Bytes);
        });

    [Fact]
    public void Decode_TabqFrame_KeepsTheErrorBoundOfItsGroups() =>
        Property.Holds(100, KvCase.Gen, drawn =>
        {
            var sample = drawn with { Format = KvFormat.Float32 };
            using var cache = sample.Filled();
            using var copy = sample.Empty();
            copy.Reserve(0, sample.Range.FirstPosition);
            var frame = new KvFrameEncoder(new KvFrameOptions { Grouping = sample.Grouping }).Encode(cache, sample.Range, KvCase.FirstLayer);
            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(frame.Bytes.Span, copy, KvCase.FirstLayer));
            AssertWithinBound(sample.Matrix(cache, sample.Range), sample.Matrix(copy, sample.Range), frame.Bytes.Span);
        });

    [Fact]
    public void Decode_TabqFrame_IntoAnotherFormat_IsTakenToThatFormat()
    {
        using var cache = Ordinary.Filled();
        var target = Ordinary with { Format = KvFormat.Int8 };
        using var copy = target.Empty();
        Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(Encode(cache, KvFrameOptions.Default), copy, KvCase.FirstLayer));
        Assert.Equal(20, copy.TokenCount);
    }

    /// <summary>A page of the destination would take more than any machine has: bytes may ask for it, so it is an answer and not an exception.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decode_NoMemoryForTheDestination_SaysSo(bool isLossless)
    {
        var sample = Ordinary with { HeadDim = 128 };
        using var cache = sample.Filled();
        using var destination = new KvCache(new KvPagePool(sample.Layout.WithLayers(int.MaxValue), long.MaxValue), tokenCountMax: 1 << 20);
        var frame = Encode(cache, isLossless ? KvFrameOptions.Lossless : KvFrameOptions.Default);
        Assert.Equal(DecodeStatus.DestinationFull, KvFrameDecoder.Decode(frame, destination));
        Assert.Equal((0, 0L), (destination.TokenCount, destination.ByteCount));
    }

    [Fact]
    public void Decode_LayersOneByOne_GiveTheWholeCache()
    {
        using var cache = Ordinary.Filled();
        using var copy = Ordinary.Empty();
        var encoder = new KvFrameEncoder(KvFrameOptions.Lossless);
        for (var layer = KvCase.FirstLayer; layer < KvCase.FirstLayer + 2; layer++)
        {
            var frame = encoder.Encode(cache, Whole with { Layers = new LayerRange(layer, layer + 1) }, KvCase.FirstLayer);
            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(frame.Bytes.Span, copy, KvCase.FirstLayer));
        }

        Assert.Equal(Ordinary.Stored(cache, Whole), Ordinary.Stored(copy, Whole));
    }

    [Theory]
    [InlineData(2, 2, 8, KvFormat.Float16, 30, KvCase.FirstLayer)]
    [InlineData(2, 3, 6, KvFormat.Float16, 30, KvCase.FirstLayer)]
    [InlineData(1, 2, 6, KvFormat.Float16, 30, KvCase.FirstLayer)]
    [InlineData(2, 2, 6, KvFormat.Float16, 30, KvCase.FirstLayer + 1)]
    [InlineData(2, 2, 6, KvFormat.Float16, 30, KvCase.FirstLayer - 1)]
    [InlineData(2, 2, 6, KvFormat.Int8, 30, KvCase.FirstLayer)]
    [InlineData(2, 2, 6, KvFormat.Float16, 19, KvCase.FirstLayer, DecodeStatus.DestinationFull)]
    public void Decode_CacheOfAnotherLayout_IsRefused(
        int layerCount, int kvHeadCount, int headDim, KvFormat format, int tokenCountMax, int firstLayer, DecodeStatus expected = DecodeStatus.WrongDestination)
    {
        using var cache = Ordinary.Filled();
        using var other = new KvCache(new KvLayout(layerCount, kvHeadCount, headDim, format), tokenCountMax);
        Assert.Equal(expected, KvFrameDecoder.Decode(Encode(cache, KvFrameOptions.Lossless), other, firstLayer));
        Assert.Equal(0, other.TokenCount);
    }

    [Fact]
    public void Decode_PositionsAfterAGap_AreRefused()
    {
        using var cache = Ordinary.Filled();
        using var other = Ordinary.Empty();
        var frame = new KvFrameEncoder(KvFrameOptions.Default).Encode(cache, Whole with { FirstPosition = 1, PositionCount = 3 }, KvCase.FirstLayer);
        Assert.Equal(DecodeStatus.WrongDestination, KvFrameDecoder.Decode(frame.Bytes.Span, other, KvCase.FirstLayer));
    }

    [Fact]
    public void Decode_ExhaustedPool_IsRefusedAndChangesNothing()
    {
        using var cache = Ordinary.Filled();
        using var pool = new KvPagePool(Ordinary.Layout, Ordinary.Layout.PageBytes);
        using var other = new KvCache(pool, 100);
        Assert.Equal(DecodeStatus.DestinationFull, KvFrameDecoder.Decode(Encode(cache, KvFrameOptions.Lossless), other, KvCase.FirstLayer));
        Assert.Equal(DecodeStatus.DestinationFull, KvFrameDecoder.Decode(Encode(cache, KvFrameOptions.Default), other, KvCase.FirstLayer));
        Assert.Equal((0, 0L), (other.TokenCount, other.ByteCount));
    }

    [Fact]
    public void Decode_FrameOfHiddenStates_IsRefusedByEachDecoderForTheOther()
    {
        using var cache = Ordinary.Filled();
        var hidden = new HiddenStateEncoder(CompressionOptions.Default).Encode(GoldenInputs.Normal(256), 1, 256);
        Assert.Equal(DecodeStatus.UnsupportedContent, KvFrameDecoder.Decode(hidden.Bytes.Span, cache, KvCase.FirstLayer));
        Assert.Equal(DecodeStatus.UnsupportedContent, FrameDecoder.Decode(Encode(cache, KvFrameOptions.Default), new float[20 * 6], out _));
        Assert.Equal(20, cache.TokenCount);
    }

    [Fact]
    public void Encode_PositionsThatTheCacheDoesNotHold_Throws()
    {
        using var cache = Ordinary.Filled();
        var encoder = new KvFrameEncoder(KvFrameOptions.Default);
        foreach (var range in new[] { Whole with { PositionCount = 21 }, Whole with { FirstPosition = -1 }, Whole with { PositionCount = 0 }, Whole with { Layers = new LayerRange(0, 2) }, Whole with { Layers = new LayerRange(4, 6) } })
            Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode(cache, range, KvCase.FirstLayer));
    }

    private static byte[] Encode(KvCache cache, KvFrameOptions options) => new KvFrameEncoder(options).Encode(cache, Whole, KvCase.FirstLayer).Bytes.ToArray();

    private static void AssertWithinBound(float[] expected, float[] actual, ReadOnlySpan<byte> frame)
    {
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryOpen(frame, calibration: null, out var header, out var payload));
        var reader = new ByteReader(payload);
        Assert.Equal(DecodeStatus.Ok, KvFrameShape.TryRead(header, ref reader, out var shape));
        var width = shape.Matrix.Width;
        for (var row = 0; row < shape.Matrix.RowCount; row++)
        {
            Assert.True(RowRecord.TryRead(ref reader, out var record) && (!record.HasOutliers || OutlierCoder.TrySkip(ref reader, width, out _)));
            var scale = record.Grid.Bits == QuantizationGrid.ConstantBits ? 0 : record.Grid.Scale;
            for (var i = row * width; i < (row + 1) * width; i++)
            {
                if (float.IsNaN(expected[i]))
                    Assert.True(float.IsNaN(actual[i]));
                else
                    Assert.InRange((double)actual[i], ErrorBound.Low(expected[i], scale), ErrorBound.High(expected[i], scale));
            }
        }
    }
}
