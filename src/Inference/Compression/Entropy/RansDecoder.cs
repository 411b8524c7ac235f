using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>The states of all lanes.</summary>
[InlineArray(RansStream.LaneCountMax)]
internal struct RansStates
{
    private uint _state0;
}

/// <summary>
/// Reads what <see cref="RansEncoder"/> wrote, first row first, from any bytes without failing: <see cref="IsFinished"/> tells whether they were
/// a stream of these rows. Allocates nothing.
/// </summary>
internal unsafe ref struct RansDecoder
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _laneCount;
    private RansStates _states;
    private int _position;

    private RansDecoder(ReadOnlySpan<byte> bytes, int laneCount)
    {
        _bytes = bytes;
        _laneCount = laneCount;
    }

    /// <summary>All bytes were read and every lane is back where the encoder began.</summary>
    public readonly bool IsFinished =>
        _position == _bytes.Length && !((ReadOnlySpan<uint>)_states)[.._laneCount].ContainsAnyExcept(RansStream.FirstState(_laneCount));

    /// <param name="bytes">The whole stream.</param>
    /// <param name="symbolCount">Of all rows together.</param>
    /// <param name="decoder">At the first row.</param>
    /// <returns>False if no encoder starts a stream like this.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> bytes, long symbolCount, out RansDecoder decoder)
    {
        decoder = new RansDecoder(bytes, RansStream.LaneCount(symbolCount));
        return decoder._laneCount == 1 ? decoder.TryReadShortState() : decoder.TryReadStates();
    }

    /// <summary>Decodes the next row.</summary>
    /// <param name="symbols">[width]</param>
    /// <param name="tables">Where the table is.</param>
    /// <param name="table">For every column.</param>
    public void Decode(Span<byte> symbols, RansTables tables, int table)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)table, (uint)tables.Count, nameof(table));
        Decode<OneTable>(symbols, tables.SlotsOf(table), []);
    }

    /// <inheritdoc cref="Decode(Span{byte}, RansTables, int)"/>
    /// <param name="symbols">[width]</param>
    /// <param name="tables">Where the tables are, filled.</param>
    /// <param name="columnTables">[width] The table of each column.</param>
    public void Decode(Span<byte> symbols, RansTables tables, ReadOnlySpan<ushort> columnTables)
    {
        RansRows.ThrowIfUnfit(symbols.Length, tables, columnTables);
        Decode<TablePerColumn>(symbols, tables.Slots, columnTables);
    }

    private bool TryReadShortState()
    {
        var stateBytes = Math.Min(_bytes.Length, RansStream.StateBytes - (_bytes.Length & 1));
        for (var i = 0; i < stateBytes; i++)
            _states[0] |= (uint)_bytes[i] << (8 * i);
        _position = stateBytes;
        return RansRows.StateBytes(_states[0]) == stateBytes;
    }

    private bool TryReadStates()
    {
        _position = _laneCount * RansStream.StateBytes;
        if (_bytes.Length < _position || (_bytes.Length & 1) != 0)
            return false;
        for (var lane = 0; lane < _laneCount; lane++)
        {
            _states[lane] = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(lane * RansStream.StateBytes)..]);
            if (_states[lane] < RansStream.StateMin)
                return false;
        }

        return true;
    }

    private void Decode<TTables>(Span<byte> symbols, ReadOnlySpan<uint> slots, ReadOnlySpan<ushort> columnTables)
        where TTables : struct, ITableChoice
    {
        fixed (uint* slot = slots)
        fixed (ushort* columnTable = columnTables)
        fixed (byte* symbol = symbols, bytes = _bytes)
        fixed (uint* states = (Span<uint>)_states)
        {
            var row = new RansRow
            {
                Slots = slot,
                ColumnTables = columnTable,
                Symbols = symbol,
                Width = symbols.Length,
                States = states,
                LaneCount = _laneCount,
                Words = bytes + _position,
                WordsEnd = bytes + _bytes.Length,
            };
            RansRowDecoder.Decode<TTables>(ref row);
            _position = (int)(row.Words - bytes);
        }
    }
}
