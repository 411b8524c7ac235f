using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

/// <summary>Quantizes a stored matrix with several threads, each a tile at a time. The bytes do not depend on the threads.</summary>
internal sealed unsafe class MatrixQuantizer
{
    private readonly ComputeThreads _threads;
    private readonly TileQuantizer[] _quantizers; // of each thread

    /// <inheritdoc cref="TileQuantizer(Tensor, WeightFormat)"/>
    public MatrixQuantizer(Tensor tensor, WeightFormat format, ComputeThreads threads)
    {
        _threads = threads;
        _quantizers = new TileQuantizer[threads.ThreadCount];
        for (var thread = 0; thread < _quantizers.Length; thread++)
            _quantizers[thread] = new TileQuantizer(tensor, format);
    }

    public TileLayout Layout => _quantizers[0].Layout;

    /// <param name="firstTile">0 to TileCount − 1</param>
    /// <param name="count">Of tiles that follow each other.</param>
    /// <param name="tiles">[count][TileBytes], written</param>
    public void Quantize(int firstTile, int count, byte* tiles)
    {
        var work = new TileWork(_quantizers, firstTile, tiles);
        _threads.Run(ref work, count);
    }

    private readonly struct TileWork(TileQuantizer[] quantizers, int firstTile, byte* tiles) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            var tileBytes = quantizers[thread].Layout.TileBytes;
            quantizers[thread].Quantize(firstTile + chunk, new Span<byte>(tiles + (chunk * tileBytes), checked((int)tileBytes)));
        }
    }
}
