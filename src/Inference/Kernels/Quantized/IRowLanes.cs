namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// What the product of quantized weights needs of a register width. A register holds a row of a tile in each 32-bit lane: four codes of one byte,
/// or the row's sum. Integers are exact and floats are fused in one order, so every width gives the same bits.
/// </summary>
/// <typeparam name="TInt">A register of integers; the element type is that of the operation.</typeparam>
/// <typeparam name="TFloat">A register of float32.</typeparam>
internal unsafe interface IRowLanes<TInt, TFloat>
    where TInt : struct
    where TFloat : struct
{
    /// <summary>Rows of a register, which divide the 16 of a tile.</summary>
    static abstract int RowCount { get; }

    static abstract TInt Load(byte* source);

    static abstract TInt And(TInt codes, byte mask);

    static abstract TInt Or(TInt left, TInt right);

    /// <summary>Shifts 16-bit lanes; the bits that cross into the next byte are for the caller to mask.</summary>
    static abstract TInt ShiftRight(TInt codes, int count);

    /// <summary>As <see cref="ShiftRight"/>, to the left.</summary>
    static abstract TInt ShiftLeft(TInt codes, int count);

    /// <summary>
    /// Σ code·activation over the 32 columns of a block as int32 per row, for codes of at most 15: sixteen products fit into an int16,
    /// as 16·15·127 = 30,480.
    /// </summary>
    /// <param name="s0">Codes of columns 0 to 3; the next of the next four.</param>
    /// <param name="activations">[32] in −127 … 127</param>
    static abstract TInt DotHalfBytes(TInt s0, TInt s1, TInt s2, TInt s3, TInt s4, TInt s5, TInt s6, TInt s7, sbyte* activations);

    /// <summary>
    /// The same for codes of at most 255, with activations in −64 … 64: two products fit into an int16, as 2·255·64 = 32,640, so that no
    /// instruction set needs a wider one.
    /// </summary>
    static abstract TInt DotBytes(TInt s0, TInt s1, TInt s2, TInt s3, TInt s4, TInt s5, TInt s6, TInt s7, sbyte* activations);

    /// <summary>fp16 to float32, for finite numbers.</summary>
    static abstract TFloat LoadScales(byte* source);

    /// <summary><c>sums[r] + (dot[r] + correction)·(scales[r]·activationScale)</c>, fused.</summary>
    static abstract TFloat MultiplyAdd(TFloat sums, TInt dot, int correction, TFloat scales, float activationScale);

    static abstract TFloat LoadSums(float* source);

    static abstract void StoreSums(TFloat sums, float* destination);

    /// <summary>Asks for the cache line of an address, which may lie outside of the matrix, into the second cache.</summary>
    static abstract void Prefetch(byte* address);
}
