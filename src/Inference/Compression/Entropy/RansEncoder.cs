using System.Buffers.Binary;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>
/// Writes a stream that <see cref="RansDecoder"/> reads: <see cref="Begin"/>, then the rows from the last to the first, then <see cref="Finish"/>.
/// The words are written from the end of a buffer that is kept from stream to stream. Not safe for concurrent use.
/// </summary>
internal sealed class RansEncoder
{
    /// <summary>Before the words, for stores of a whole register of words.</summary>
    public const int SlackBytes = 32;

    private readonly uint[] _states = new uint[RansStream.LaneCountMax];
    private byte[] _buffer = [];
    private int _start;
    private int _laneCount;

    /// <summary>Starts a stream.</summary>
    /// <param name="symbolCount">Of all rows together; the decoder must know it too.</param>
    public void Begin(int symbolCount)
    {
        _laneCount = RansStream.LaneCount(symbolCount);
        var bytesMax = SlackBytes + (symbolCount * RansStream.WordBytes) + (RansStream.LaneCountMax * RansStream.StateBytes);
        if (_buffer.Length < bytesMax)
            _buffer = GC.AllocateUninitializedArray<byte>(bytesMax);
        _start = _buffer.Length;
        _states.AsSpan().Fill(RansStream.FirstState(_laneCount));
    }

    /// <summary>Adds the row before those that were added so far.</summary>
    /// <param name="symbols">[width] Of frequency at least 1 in the table.</param>
    /// <param name="tables">Where the table is.</param>
    /// <param name="table">For every column.</param>
    public void Encode(ReadOnlySpan<byte> symbols, RansTables tables, int table)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)table, (uint)tables.Count, nameof(table));
        Encode<OneTable>(symbols, tables.SymbolsOf(table), []);
    }

    /// <inheritdoc cref="Encode(ReadOnlySpan{byte}, RansTables, int)"/>
    /// <param name="symbols">[width] Of frequency at least 1 in their tables.</param>
    /// <param name="tables">Where the tables are, filled.</param>
    /// <param name="columnTables">[width] The table of each column.</param>
    public void Encode(ReadOnlySpan<byte> symbols, RansTables tables, ReadOnlySpan<ushort> columnTables)
    {
        RansRows.ThrowIfUnfit(symbols.Length, tables, columnTables);
        Encode<TablePerColumn>(symbols, tables.Symbols, columnTables);
    }

    /// <summary>The stream; valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        for (var lane = _laneCount - 1; lane >= 0; lane--)
        {
            _start -= RansStream.StateBytes;
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_start), _states[lane]);
        }

        return _laneCount == 1 ? WithoutUpperZeroBytes() : _buffer.AsSpan(_start);
    }

    /// <summary>
    /// Moves what there is of a single state up to the words. With words behind it a state has three bytes or four, which the parity of the
    /// length tells apart.
    /// </summary>
    private ReadOnlySpan<byte> WithoutUpperZeroBytes()
    {
        var stateBytes = RansRows.StateBytes(_states[0]);
        var state = _buffer.AsSpan(_start, stateBytes);
        _start += RansStream.StateBytes - stateBytes;
        state.CopyTo(_buffer.AsSpan(_start));
        return _buffer.AsSpan(_start);
    }

    private unsafe void Encode<TTables>(ReadOnlySpan<byte> symbols, ReadOnlySpan<RansSymbol> tables, ReadOnlySpan<ushort> columnTables)
        where TTables : struct, ITableChoice
    {
        fixed (RansSymbol* table = tables)
        fixed (byte* symbol = symbols, buffer = _buffer)
        fixed (ushort* columnTable = columnTables)
        fixed (uint* states = _states)
        {
            var row = new RansSourceRow
            {
                Tables = table,
                ColumnTables = columnTable,
                Symbols = symbol,
                Column = symbols.Length,
                States = states,
                LaneCount = _laneCount,
                Words = buffer + _start,
            };
            RansRowEncoder.Encode<TTables>(ref row);
            _start = (int)(row.Words - buffer);
            if (row.Lacking < 0)
                throw new ArgumentException("A symbol has frequency 0 in its table.", nameof(symbols));
        }
    }
}
