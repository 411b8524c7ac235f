namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Element types of a safetensors file, spelled as in its header. Weights are read as BF16, F16 or F32; the others are
/// known so that the sizes of such tensors can be checked.
/// </summary>
public enum TensorType
{
    BF16,
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    BOOL,
    F8_E4M3,
    F8_E5M2,

    /// <summary>Any other (F8_E8M0, F4, C64 and what is yet to come): it does no harm where it is not used. <see cref="TensorInfo.TypeName"/> names it.</summary>
    Other,
}

public static class TensorTypes
{
    /// <summary>Names of the types that <see cref="TensorReader"/> converts to float, for messages.</summary>
    public const string ReadableNames = "BF16, F16 or F32";

    /// <summary>Whether <see cref="TensorReader"/> converts it to float.</summary>
    public static bool IsReadable(this TensorType type) => type is TensorType.BF16 or TensorType.F16 or TensorType.F32;

    /// <summary>Size of one element in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not known.</exception>
    public static int ElementBytes(this TensorType type) => type switch
    {
        TensorType.I8 or TensorType.U8 or TensorType.BOOL or TensorType.F8_E4M3 or TensorType.F8_E5M2 => 1,
        TensorType.BF16 or TensorType.F16 or TensorType.I16 or TensorType.U16 => 2,
        TensorType.F32 or TensorType.I32 or TensorType.U32 => 4,
        TensorType.F64 or TensorType.I64 or TensorType.U64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, message: null),
    };

    /// <summary>The type of a safetensors dtype; the name is case-sensitive.</summary>
    public static TensorType Parse(string name)
    {
        // Enum.TryParse alone would also take "3" and "F16, F32".
        return Enum.TryParse<TensorType>(name, ignoreCase: false, out var type) && type.ToString() == name ? type : TensorType.Other;
    }
}
