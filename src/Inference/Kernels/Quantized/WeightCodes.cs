using System.Runtime.CompilerServices;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>How a block of 32 columns is unpacked into eight registers of four columns each (<see cref="TileLayout"/>).</summary>
internal unsafe interface IWeightCodes
{
    static abstract int Bits { get; }

    /// <summary>Codes of columns 4·step … 4·step + 3, one byte each; <paramref name="step"/> is a constant.</summary>
    static abstract TInt Unpack<TLanes, TInt, TFloat>(byte* block, int step)
        where TLanes : struct, IRowLanes<TInt, TFloat>
        where TInt : struct
        where TFloat : struct;
}

internal readonly unsafe struct Codes8 : IWeightCodes
{
    public static int Bits => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Unpack<TLanes, TInt, TFloat>(byte* block, int step)
        where TLanes : struct, IRowLanes<TInt, TFloat>
        where TInt : struct
        where TFloat : struct =>
        TLanes.Load(block + (step * TileLayout.PlaneBytes));
}

internal readonly unsafe struct Codes4 : IWeightCodes
{
    public static int Bits => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Unpack<TLanes, TInt, TFloat>(byte* block, int step)
        where TLanes : struct, IRowLanes<TInt, TFloat>
        where TInt : struct
        where TFloat : struct
    {
        var plane = TLanes.Load(block + (step / 2 * TileLayout.PlaneBytes));
        return TLanes.And(step % 2 == 0 ? plane : TLanes.ShiftRight(plane, 4), 0x0F);
    }
}

internal readonly unsafe struct Codes2 : IWeightCodes
{
    public static int Bits => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Unpack<TLanes, TInt, TFloat>(byte* block, int step)
        where TLanes : struct, IRowLanes<TInt, TFloat>
        where TInt : struct
        where TFloat : struct
    {
        var plane = TLanes.Load(block + (step / 4 * TileLayout.PlaneBytes));
        return TLanes.And(step % 4 == 0 ? plane : TLanes.ShiftRight(plane, 2 * (step % 4)), 0x03);
    }
}

internal readonly unsafe struct Codes3 : IWeightCodes
{
    public static int Bits => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Unpack<TLanes, TInt, TFloat>(byte* block, int step)
        where TLanes : struct, IRowLanes<TInt, TFloat>
        where TInt : struct
        where TFloat : struct
    {
        var highBits = TLanes.Load(block + (2 * TileLayout.PlaneBytes)); // bit `step` becomes bit 2
        var high = step < 2 ? TLanes.ShiftLeft(highBits, 2 - step) : TLanes.ShiftRight(highBits, step - 2);
        return TLanes.Or(Codes2.Unpack<TLanes, TInt, TFloat>(block, step), TLanes.And(high, 0x04));
    }
}
