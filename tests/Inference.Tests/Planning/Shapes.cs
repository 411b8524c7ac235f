using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Planning;

/// <summary>Small models of every kind of shape: widths that fill no tile or group, grouped-query attention, tied heads.</summary>
internal static class Shapes
{
    public static readonly Gen<ModelConfig> Models =
        from layers in Gen.Choose(1, 5)
        from kvHeads in Gen.Choose(1, 3)
        from queriesPerKv in Gen.Choose(1, 3)
        from halfDim in Gen.Choose(1, 24)
        from hidden in Gen.Choose(1, 150)
        from intermediate in Gen.Choose(1, 200)
        from vocabulary in Gen.Choose(2, 90)
        from context in Gen.Choose(1, 6000)
        from tied in Gen.Elements(false, true)
        select new ModelConfig
        {
            LayerCount = layers,
            HeadCount = kvHeads * queriesPerKv,
            KvHeadCount = kvHeads,
            HeadDim = 2 * halfDim,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            VocabularySize = vocabulary,
            ContextLength = context,
            TieWordEmbeddings = tied,
        };

    public static readonly Gen<WeightFormat> Weights =
        from bits in Gen.Elements(16, 8, 4, 3, 2)
        from groupSize in Gen.Elements(32, 64, 128)
        select WeightFormat.Of(bits, groupSize);

    public static readonly Gen<KvFormat> KeyValues = Gen.Elements(KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4);
}
