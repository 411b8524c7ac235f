using SplitActors.Inference.Memory;

namespace SplitActors.Inference.Tests.Memory;

public sealed unsafe class NativeArenaTests
{
    private const int BufferBytes = 64 << 20;

    [Fact]
    public void Allocate_SlicesOfManySizes_AreAlignedAndDoNotOverlap()
    {
        long[] sizes = [1, 64, 65, 4096, 1_000_003, BufferBytes / 2, BufferBytes / 2, 1, BufferBytes, 7, BufferBytes + 1, 7];
        var arena = new NativeArena();
        var slices = sizes.Select(size => (Slice: arena.Allocate(size), Size: size)).ToArray();
        Assert.All(slices, entry => Assert.Equal(0, (nint)entry.Slice.Pointer % NativeBuffer.Alignment));

        var ranges = slices.Select(entry => (First: (nint)entry.Slice.Pointer, End: (nint)entry.Slice.Pointer + (nint)entry.Size)).Order().ToArray();
        for (var i = 1; i < ranges.Length; i++)
            Assert.True(ranges[i - 1].End <= ranges[i].First, $"[{ranges[i - 1]}) and [{ranges[i]}) overlap.");
        foreach (var (slice, size) in slices) // the ends can be written
            (slice.Pointer[0], slice.Pointer[size - 1]) = (1, 1);
    }

    [Fact]
    public void Allocate_SmallSlices_FollowEachOther()
    {
        var arena = new NativeArena();
        var (first, second) = (arena.Allocate(65), arena.Allocate(1));
        Assert.Equal((nint)first.Pointer + 128, (nint)second.Pointer);
    }

    [Fact]
    public void Allocate_SliceOfOneBuffer_SurvivesTheArena()
    {
        var slice = Fill();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.False(new ReadOnlySpan<byte>(slice.Pointer, BufferBytes).ContainsAnyExcept((byte)0x5a));
        GC.KeepAlive(slice);

        static NativeSlice Fill()
        {
            var slice = new NativeArena().Allocate(BufferBytes);
            new Span<byte>(slice.Pointer, BufferBytes).Fill(0x5a);
            return slice;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData((2 << 20) - 64, 1L)]
    [InlineData(1 << 20, 3L << 20)]
    [InlineData(2 << 20, 65L << 20, 1L << 20)]
    [InlineData(0, 40L << 20, 40L << 20)]
    public void PaddingBytes_OfAllocations_IsTheRestOfTheirLastLargePages(long expected, params long[] byteCounts) =>
        Assert.Equal(expected, NativeArena.PaddingBytes(byteCounts));
}
