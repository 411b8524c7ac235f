using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.Entropy;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>
/// The symbols of quantized hidden states, [tokens, 4096] bytes, by rANS with the table that fits them, and by the general coders of the framework.
/// GB/s are of the float16 values behind the symbols. Prints the bytes of each, before the table of times.
/// </summary>
[MemoryDiagnoser]
public class EntropyBenchmarks : IMeasuredWork
{
    private const float TabqStep = 0.5f;
    private const float RelativeStep = 0.4f;

    private readonly RansEncoder _encoder = new();
    private RansTables _tables = new([[RansStream.Scale]]);
    private int _table;
    private byte[] _symbols = []; // [tokens, d]
    private byte[] _decoded = [];
    private byte[] _compressed = [];
    private byte[] _rans = [];
    private byte[] _brotli = [];
    private byte[] _zlib = [];

    [Params(1, 512)]
    public int Tokens { get; set; }

    /// <summary>TAB-Q's at four bits, or the rate–distortion codec's.</summary>
    [Params(FrameCodec.Tabq, FrameCodec.RateDistortion)]
    public FrameCodec Codec { get; set; }

    public long ByteCount => (long)Tokens * HiddenStates.Width * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        _symbols = new byte[Tokens * HiddenStates.Width];
        if (Codec == FrameCodec.Tabq)
            QuantizeByTabq(HiddenStates.Normal(Tokens));
        else
            QuantizeByRateDistortion(HiddenStates.Normal(Tokens));
        _decoded = new byte[_symbols.Length];
        _compressed = new byte[2 * _symbols.Length];
        _rans = Rans().ToArray();
        _brotli = _compressed[..EncodeBrotli()];
        _zlib = _compressed[..EncodeZLib()];
        if (!DecodeRans() || DecodeBrotli() + DecodeZLib() != 2 * _symbols.Length)
            throw new InvalidOperationException("A stream does not decode.");
        Console.WriteLine($"// {Codec}, {_symbols.Length} symbols: rANS {_rans.Length} bytes, Brotli {_brotli.Length}, ZLib {_zlib.Length}");
    }

    [Benchmark(Baseline = true)]
    public int EncodeRans() => Rans().Length;

    [Benchmark]
    public int EncodeBrotli() => Encode(stream => new BrotliStream(stream, CompressionLevel.Fastest, leaveOpen: true));

    [Benchmark]
    public int EncodeZLib() => Encode(stream => new ZLibStream(stream, CompressionLevel.Fastest, leaveOpen: true));

    [Benchmark]
    public bool DecodeRans()
    {
        _ = RansDecoder.TryOpen(_rans, _symbols.Length, out var decoder);
        for (var row = 0; row < Tokens; row++)
            decoder.Decode(_decoded.AsSpan(row * HiddenStates.Width, HiddenStates.Width), _tables, _table);
        return decoder.IsFinished;
    }

    [Benchmark]
    public int DecodeBrotli() => Decode(new BrotliStream(new MemoryStream(_brotli), CompressionMode.Decompress));

    [Benchmark]
    public int DecodeZLib() => Decode(new ZLibStream(new MemoryStream(_zlib), CompressionMode.Decompress));

    private void QuantizeByTabq(float[] values)
    {
        var grid = new QuantizationGrid(Bits: 4, TabqStep, ZeroPoint: 0);
        var levels = new byte[values.Length];
        var levelCounts = new int[grid.LevelMax + 1];
        AsymmetricQuantizer.Quantize([.. values.Select(MathF.Abs)], grid, levels);
        SymbolMap.Count(levels, levelCounts);
        SymbolMap.ToSymbols(grid, values, levels, _symbols);
        (_tables, _table) = (TableFamily.For(grid), TableFamily.Choose(grid, levelCounts));
    }

    private void QuantizeByRateDistortion(float[] values)
    {
        var step = StepGrid.Nearest(RelativeStep);
        LevelQuantizer.Quantize(values, [], StepGrid.Value(step), _symbols);
        var histogram = new LevelHistogram();
        histogram.Clear(ColumnOffsets.None);
        histogram.Add(_symbols);
        var (shape, spread) = histogram.Choose(SpreadTables.UnitSpread - step);
        (_tables, _table) = (SpreadTables.For(shape).Tables, SpreadTables.TableOf(spread, offset: 0));
        var limits = new byte[_symbols.Length];
        limits.AsSpan().Fill((byte)(2 * SpreadTables.For(shape).LevelMax(_table)));
        _ = OutlierScan.TakeOut(_symbols, limits, new int[_symbols.Length]);
    }

    private ReadOnlySpan<byte> Rans()
    {
        _encoder.Begin(_symbols.Length);
        for (var row = Tokens - 1; row >= 0; row--)
            _encoder.Encode(_symbols.AsSpan(row * HiddenStates.Width, HiddenStates.Width), _tables, _table);
        return _encoder.Finish();
    }

    private int Encode(Func<Stream, Stream> open)
    {
        using var compressed = new MemoryStream(_compressed);
        using (var coder = open(compressed))
            coder.Write(_symbols);
        return (int)compressed.Position;
    }

    private int Decode(Stream coder)
    {
        using (coder)
            return coder.ReadAtLeast(_decoded, _decoded.Length);
    }
}
