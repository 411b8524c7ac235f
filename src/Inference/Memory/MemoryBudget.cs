namespace SplitActors.Inference.Memory;

/// <summary>Counts bytes in use against what there is. Any thread may ask.</summary>
internal sealed class MemoryBudget
{
    private long _inUseBytes;

    public long InUseBytes => Interlocked.Read(ref _inUseBytes);

    /// <summary>Takes bytes in one step with finding that they are there, so that two who ask at the same time do not both get the last ones.</summary>
    /// <param name="byteCount">At least 0.</param>
    /// <param name="availableBytes">What there is, with what is in use.</param>
    public bool TryTake(long byteCount, long availableBytes)
    {
        for (var inUse = InUseBytes; byteCount <= availableBytes - inUse;)
        {
            var found = Interlocked.CompareExchange(ref _inUseBytes, inUse + byteCount, inUse);
            if (found == inUse)
                return true;
            inUse = found;
        }

        return false;
    }

    public void GiveBack(long byteCount) => Interlocked.Add(ref _inUseBytes, -byteCount);
}
