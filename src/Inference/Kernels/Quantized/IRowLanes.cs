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

    /// <summary>Sums of int32.</summary>
    static abstract TInt Add(TInt left, TInt right);

    static abstract TInt And(TInt codes, byte mask);

    static abstract TInt Or(TInt left, TInt right);

    /// <summary>Shifts 16-bit lanes; the bits that cross into the next byte are for the caller to mask.</summary>
    static abstract TInt ShiftRight(TInt codes, int count);

    /// <summary>As <see cref="ShiftRight"/>, to the left.</summary>
    static abstract TInt ShiftLeft(TInt codes, int count);

    /// <summary>
    /// Adds the products of four columns to a row's sums, for codes of at most 15 and activations in −127 … 127. The sums may be two int16 per
    /// row: the 32 columns of a block fit, as 16·15·127 = 30,480.
    /// </summary>
    /// <param name="sums">Zero, or what this has returned.</param>
    /// <param name="codes">Of four columns.</param>
    /// <param name="activations">[4]</param>
    static abstract TInt AddProducts(TInt sums, TInt codes, sbyte* activations);

    /// <summary>The block's sums as one int32 per row, from two that each hold a part of it.</summary>
    static abstract TInt WidenSums(TInt even, TInt odd);

    /// <summary>
    /// As <see cref="AddProducts"/>, for codes of at most 255 and activations in −64 … 64, with sums of one int32 per row: two products fit into
    /// an int16, as 2·255·64 = 32,640, so that no instruction set needs a wider one.
    /// </summary>
    static abstract TInt AddByteProducts(TInt sums, TInt codes, sbyte* activations);

    /// <summary>fp16 to float32, for finite numbers.</summary>
    static abstract TFloat LoadScales(byte* source);

    /// <summary><c>sums[r] + (dot[r] + correction)·(scales[r]·activationScale)</c>, fused. Pointers, so that both are broadcast as they are loaded.</summary>
    static abstract TFloat MultiplyAdd(TFloat sums, TInt dot, int* correction, TFloat scales, float* activationScale);

    static abstract TFloat LoadSums(float* source);

    static abstract void StoreSums(TFloat sums, float* destination);

    /// <summary>Asks for the cache line of an address, which may lie outside of the matrix, into the second cache.</summary>
    static abstract void Prefetch(byte* address);
}
