namespace SplitActors.Inference.Tokenization;

/// <summary>A binary min-heap of (merge rank, symbol position): the lowest rank first, and the leftmost of equal ranks.</summary>
internal sealed class MergeQueue
{
    private ulong[] _keys = new ulong[64]; // rank << 32 | position
    private int _count;

    public void Push(int rank, int position)
    {
        if (_count == _keys.Length)
            Array.Resize(ref _keys, _count * 2);

        var key = ((ulong)rank << 32) | (uint)position;
        var hole = _count++;
        while (hole > 0 && _keys[(hole - 1) / 2] > key)
        {
            _keys[hole] = _keys[(hole - 1) / 2];
            hole = (hole - 1) / 2;
        }

        _keys[hole] = key;
    }

    public bool TryPop(out int rank, out int position)
    {
        (rank, position) = (0, 0);
        if (_count == 0)
            return false;

        (rank, position) = ((int)(_keys[0] >> 32), (int)_keys[0]);
        var last = _keys[--_count];
        var hole = 0;
        while (true)
        {
            var child = (2 * hole) + 1;
            if (child + 1 < _count && _keys[child + 1] < _keys[child])
                child++;
            if (child >= _count || _keys[child] >= last)
                break;

            _keys[hole] = _keys[child];
            hole = child;
        }

        _keys[hole] = last;
        return true;
    }
}
