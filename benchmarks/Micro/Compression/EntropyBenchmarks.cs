using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.Entropy;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>
/// The symbols of four-bit quantized hidden states, [tokens, 4096] bytes, by rANS with the table that fits them, and by the general coders of the framework.
/// GB/s are of the float16 values behind the symbols. Prints the bytes of each, before the table of times.
/// </summary>
[MemoryDiagnoser]
public class EntropyBenchmarks : IMeasuredWork
{
    private const double Step = 1 / 2.0;
    private const int LevelMax = 7;

    private readonly RansEncoder _encoder = new();
    private readonly QuantizationGrid _grid = new(Bits: 4, (float)Step, ZeroPoint: 0);
    private byte[] _symbols = []; // [tokens, d]
    private byte[] _decoded = [];
    private byte[] _compressed = [];
    private byte[] _rans = [];
    private byte[] _brotli = [];
    private byte[] _zlib = [];
    private int _shape;

    [Params(1, 512)]
    public int Tokens { get; set; }

    public long ByteCount => (long)Tokens * HiddenStates.Width * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        var levelCounts = new int[LevelMax + 1];
        _symbols = [.. HiddenStates.Normal(Tokens).Select(value => (byte)_grid.SymbolOf(Level(value), value < 0))];
        foreach (var symbol in _symbols)
            levelCounts[(symbol + 1) / 2]++;
        _shape = TableFamily.Choose(_grid, levelCounts);
        _decoded = new byte[_symbols.Length];
        _compressed = new byte[2 * _symbols.Length];
        _rans = Rans().ToArray();
        _brotli = _compressed[..EncodeBrotli()];
        _zlib = _compressed[..EncodeZLib()];
        if (!DecodeRans() || DecodeBrotli() + DecodeZLib() != 2 * _symbols.Length)
            throw new InvalidOperationException("A stream does not decode.");
        Console.WriteLine($"// {_symbols.Length} symbols: rANS {_rans.Length} bytes, Brotli {_brotli.Length}, ZLib {_zlib.Length}");
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
            decoder.Decode(_decoded.AsSpan(row * HiddenStates.Width, HiddenStates.Width), TableFamily.For(_grid), _shape);
        return decoder.IsFinished;
    }

    [Benchmark]
    public int DecodeBrotli() => Decode(new BrotliStream(new MemoryStream(_brotli), CompressionMode.Decompress));

    [Benchmark]
    public int DecodeZLib() => Decode(new ZLibStream(new MemoryStream(_zlib), CompressionMode.Decompress));

    private static int Level(float value) => Math.Min((int)Math.Round(Math.Abs(value) / Step), LevelMax);

    private ReadOnlySpan<byte> Rans()
    {
        _encoder.Begin(_symbols.Length);
        for (var row = Tokens - 1; row >= 0; row--)
            _encoder.Encode(_symbols.AsSpan(row * HiddenStates.Width, HiddenStates.Width), TableFamily.For(_grid), _shape);
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
