using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

/// <summary>A quantized matrix W [rows, columns] in tiles, in memory of its own or where its file is mapped. Any thread may read.</summary>
internal sealed unsafe class QuantizedMatrix
{
    private const string WriteAgain = "Write the package again with `splitactors quantize`.";

    private readonly NativeSlice? _memory;
    private readonly Tensor? _tensor;

    private QuantizedMatrix(TileLayout layout, NativeSlice? memory, Tensor? tensor) => (Layout, _memory, _tensor) = (layout, memory, tensor);

    public TileLayout Layout { get; }

    /// <summary>
    /// [tiles][TileBytes], aligned to 64 bytes. Whoever keeps it must keep the matrix, and, if it is mapped, the checkpoint, undisposed.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    public byte* Pointer => _memory is { } memory ? memory.Pointer : _tensor!.Pointer;

    /// <summary>Whether the weights lie in the mapped file, not in memory of their own.</summary>
    public bool IsMapped => _tensor is not null;

    /// <summary>Rounds stored weights into memory of their own.</summary>
    /// <param name="tensor">[rows, columns], BF16, F16 or F32</param>
    /// <param name="format">A quantized format.</param>
    /// <param name="arena">Where the memory comes from.</param>
    /// <param name="threads">Null for the calling thread alone; the bytes do not depend on them.</param>
    /// <exception cref="UserErrorException">A weight is not finite, or of another type.</exception>
    public static QuantizedMatrix Quantize(Tensor tensor, WeightFormat format, NativeArena arena, ComputeThreads? threads = null)
    {
        tensor.EnsureFinite();
        var quantizer = new MatrixQuantizer(tensor, format, threads ?? ComputeThreads.Single);
        var layout = quantizer.Layout;
        var memory = arena.Allocate(layout.ByteCount);
        quantizer.Quantize(firstTile: 0, layout.TileCount, memory.Pointer);
        return new QuantizedMatrix(layout, memory, tensor: null);
    }

    /// <summary>The memory of a matrix without its meaning (<see cref="SyntheticTile"/>).</summary>
    public static QuantizedMatrix Synthesize(TileLayout layout, ulong seed, NativeArena arena)
    {
        var memory = arena.Allocate(layout.ByteCount);
        for (var tile = 0; tile < layout.TileCount; tile++)
            SyntheticTile.Fill(Tile(memory.Pointer, layout, tile), layout, seed + (ulong)tile);
        return new QuantizedMatrix(layout, memory, tensor: null);
    }

    /// <summary>Takes memory that holds tiles already; several matrices may share it.</summary>
    public static QuantizedMatrix Over(TileLayout layout, NativeSlice memory) => new(layout, memory, tensor: null);

    /// <summary>Takes tiles as they are mapped; only the scales are looked at.</summary>
    /// <param name="tensor">U8 of <see cref="TileLayout.ByteCount"/> bytes</param>
    /// <param name="layout">What the tiles hold.</param>
    /// <exception cref="UserErrorException">The tensor has another type, size or alignment, or a scale is not finite.</exception>
    public static QuantizedMatrix FromTensor(Tensor tensor, TileLayout layout)
    {
        EnsureFits(tensor.Info, layout);
        if (tensor.Info.FileOffset % TileLayout.PlaneBytes != 0)
            throw Refused(tensor.Info, ", data_offsets", $"a multiple of {TileLayout.PlaneBytes} bytes in the file", $"{tensor.Info.FileOffset}");

        for (var tile = 0; tile < layout.TileCount; tile++)
        {
            var scales = Tile(tensor.Pointer, layout, tile)[..layout.ScalesBytes];
            var index = FloatBits.IndexOfNonFinite(TensorType.F16, scales);
            if (index >= 0)
                throw Refused(tensor.Info, $", tile {tile}, scale {index}", "a finite number", $"{MemoryMarshal.Cast<byte, Half>(scales)[index]}");
        }

        return new QuantizedMatrix(layout, memory: null, tensor);
    }

    /// <exception cref="UserErrorException">The tensor has another type or size than the tiles of the matrix.</exception>
    public static void EnsureFits(TensorInfo tensor, TileLayout layout)
    {
        if (tensor.Type != TensorType.U8 || tensor.ByteCount != layout.ByteCount)
        {
            throw Refused(
                tensor, "", $"{layout.ByteCount} bytes of U8 for [{layout.RowCount}, {layout.ColumnCount}] as {layout.Format}",
                $"{tensor.ByteCount} bytes of {tensor.TypeName}");
        }
    }

    /// <summary>One row as floats, <c>scale·(code − ZeroCode)</c>: an embedding look-up.</summary>
    /// <param name="row">0 to RowCount − 1</param>
    /// <param name="destination">[columns], written</param>
    public void CopyRow(int row, Span<float> destination)
    {
        if ((uint)row >= (uint)Layout.RowCount || destination.Length != Layout.ColumnCount)
            throw new ArgumentException($"Row {row} into {destination.Length} floats of a matrix of [{Layout.RowCount}, {Layout.ColumnCount}].", nameof(row));

        TileReader.CopyRow(Layout, Tile(Pointer, Layout, row / TileLayout.TileRows), row % TileLayout.TileRows, destination);
        GC.KeepAlive(this);
    }

    private static Span<byte> Tile(byte* matrix, TileLayout layout, int tile) => new(matrix + (tile * layout.TileBytes), checked((int)layout.TileBytes));

    private static UserErrorException Refused(TensorInfo tensor, string part, string expected, string found) =>
        CheckpointError.At(tensor.Place + part, expected, found, WriteAgain);
}
