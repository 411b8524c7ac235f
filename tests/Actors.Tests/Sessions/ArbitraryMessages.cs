using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Any message of the protocol with any fields: some missing, numbers at the edges of their types, unknown enum values, submessages left out.
/// Ids and positions are often small, so that messages meet.
/// </summary>
internal sealed class ArbitraryMessages(SplitMix64 random)
{
    private static readonly uint[] EdgeNumbers = [0, 1, 127, 128, 4096, int.MaxValue - 1, int.MaxValue, int.MaxValue + 1u, uint.MaxValue - 1, uint.MaxValue];

    private static readonly float[] EdgeFractions =
        [0, -0f, 1, 0.5f, -1, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon];

    private static readonly string[] Texts = ["", "worker/1", "worker/2", "edge/1", "scheduler", new('x', 1000), "\u0000\ud7ff"];

    private static readonly MessageDescriptor[] Bodies = [.. Envelope.Descriptor.Fields.InDeclarationOrder().Select(field => field.MessageType)];

    public static int BodyCount => Bodies.Length;

    public IMessage Next() => Next(random.Next(Bodies.Length));

    public IMessage Next(int body) => Fill(Bodies[body]);

    public uint Number() => random.Next(2) == 0 ? (uint)random.Next(12) : EdgeNumbers[random.Next(EdgeNumbers.Length)];

    private IMessage Fill(MessageDescriptor descriptor)
    {
        var message = (IMessage)Activator.CreateInstance(descriptor.ClrType)!;
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            if (random.Next(8) == 0)
                continue;
            if (field.IsRepeated)
                FillList((IList)field.Accessor.GetValue(message), field);
            else
                field.Accessor.SetValue(message, Value(field));
        }

        return message;
    }

    private void FillList(IList list, FieldDescriptor field)
    {
        for (var count = random.Next(6); count > 0; count--)
            list.Add(Value(field));
    }

    private object Value(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.UInt32 => Number(),
        FieldType.UInt64 or FieldType.Fixed64 => random.Next(8) == 0 ? ulong.MaxValue - Number() : Number(),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Float => EdgeFractions[random.Next(EdgeFractions.Length)],
        FieldType.Double => (double)EdgeFractions[random.Next(EdgeFractions.Length)],
        FieldType.String => Texts[random.Next(Texts.Length)],
        FieldType.Bytes => Bytes(),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(6) == 0 ? int.MinValue : random.Next(14)),
        FieldType.Message => Fill(field.MessageType),
        _ => throw new NotSupportedException($"{field.FullName} is {field.FieldType}."),
    };

    private ByteString Bytes()
    {
        var bytes = new byte[random.Next(3) == 0 ? 0 : random.Next(300)];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)random.Next(256);
        return ByteString.CopyFrom(bytes);
    }
}
