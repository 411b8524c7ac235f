namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>Which values share a quantization grid. Values are on the wire.</summary>
public enum KvGrouping
{
    /// <summary>One KV head of a layer at one position: D values, as in [2511.04002, section 2.3] for a token.</summary>
    Head = 0,

    /// <summary>All KV heads of a layer at one position: KvHeadCount·D values.</summary>
    Layer = 1,

    /// <summary>One channel of a KV head at all positions of the frame, as KIVI [2402.02750] does for keys, whose outliers stay in their channels.</summary>
    Channel = 2,
}
