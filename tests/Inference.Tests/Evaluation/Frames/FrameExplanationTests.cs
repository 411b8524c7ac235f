using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Frames;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Evaluation.Frames;

public sealed class FrameExplanationTests
{
    // Both of docs/wire-format.md.
    private const string Version1 = "53460111010C1060093E01050000C84180D1E30A84B551BDF11F54";
    private const string Version2 = "A2911860B1018A1C04B841269AD4A6D5C3CD9516";

    public static TheoryData<string> GoldenFrames =>
        [.. Directory.GetFiles(Folder, "*.frame.bin", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file)).Where(file => !file.StartsWith("obj", StringComparison.Ordinal))];

    public static TheoryData<string> Examples => [Version1, Version2];

    private static string KvFolder => Path.Combine(Folder, "Compression", "GoldenFrames", "KeyValues");

    private static bool NeedsCalibration(string file) =>
        file.StartsWith("RateDistortion", StringComparison.Ordinal) && !Path.GetFileName(file).StartsWith("none", StringComparison.Ordinal);

    private static string Folder => Repository.PathTo("tests", "Inference.Tests");

    [Theory]
    [MemberData(nameof(GoldenFrames))]
    public void Of_GoldenFrame_NamesEveryByteOnce(string file)
    {
        var frame = File.ReadAllBytes(Path.Combine(Folder, file));
        var explanation = FrameExplanation.Of(frame);
        Assert.Null(explanation.Fault);
        Assert.Equal(NeedsCalibration(file), explanation.Summary is null);
        AssertNeighbours(explanation, frame.Length);
        Assert.Equal(frame.Length, explanation.Fields.Sum(field => field.ByteCount));
    }

    [Fact]
    public void Of_CalibratedFrame_SaysThatItsValuesNeedTheCalibration()
    {
        var explanation = FrameExplanation.Of(File.ReadAllBytes(Path.Combine(Folder, "RateDistortion", "GoldenFrames", "klt-5x64.frame.bin")));
        Assert.Contains(explanation.Fields, field => field is { Name: "transform, shape" } && field.Meaning.StartsWith("klt;", StringComparison.Ordinal));
        Assert.Contains(explanation.Fields, field => field.Name == "token 4, step" && field.Meaning.EndsWith("no outliers", StringComparison.Ordinal));
        Assert.EndsWith("covers the calibration too, which is not here", explanation.Fields[^1].Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ExampleOfVersion2_SaysWhatTheDocumentSays()
    {
        var explanation = FrameExplanation.Of(Convert.FromHexString(Version2));
        Assert.Contains(new FrameField(0, 1, "magic, version", "2"), explanation.Fields);
        Assert.Contains(new FrameField(4, 1, "token 0, scale code", "s = 0.140625, by code 49; outliers follow"), explanation.Fields);
        Assert.Contains(new FrameField(5, 1, "token 0, outliers", "1 as bfloat16"), explanation.Fields);
        Assert.Contains(new FrameField(6, 3, "token 0, columns", "5: 25"), explanation.Fields);
        Assert.Contains(new FrameField(9, 3, "state", "of the one rANS lane: 2641B8"), explanation.Fields);
        Assert.Contains(new FrameField(12, 4, "words", "2 of 16 bits; 12 symbols take 4.667 bits each"), explanation.Fields);
        Assert.Equal((1, 12, -0.84375f, 25f), (explanation.Summary!.Rows, explanation.Summary.Width, explanation.Summary.Min, explanation.Summary.Max));
    }

    [Fact]
    public void Of_ExampleOfVersion1_SaysWhatTheDocumentSays()
    {
        var explanation = FrameExplanation.Of(Convert.FromHexString(Version1));
        Assert.Contains(new FrameField(4, 1, "rows", "1 token"), explanation.Fields);
        Assert.Contains(new FrameField(8, 2, "token 0, scale", "s = 0.13378906"), explanation.Fields);
        Assert.Contains(new FrameField(11, 1, "token 0, columns", "5"), explanation.Fields);
        Assert.Contains(new FrameField(12, 4, "token 0, values", "25"), explanation.Fields);
        Assert.Equal((1, 12, -0.93652344f, 25f), (explanation.Summary!.Rows, explanation.Summary.Width, explanation.Summary.Min, explanation.Summary.Max));
    }

    [Theory]
    [InlineData("tabq-head", 0, "a record for each head at each position", "layer 4, values, position 8, head 1, scale code")]
    [InlineData("tabq-layer", 1, "a record for all heads of a layer at each position", "layer 4, values, position 8, scale code")]
    [InlineData("tabq-channel", 2, "a record for each channel of a head at all positions", "layer 4, values, head 1, channel 5, scale code")]
    public void Of_KeysAndValuesByTabq_NamesEachGroup(string name, byte grouping, string meaning, string lastRecord)
    {
        var frame = KvFrame(name);
        var explanation = FrameExplanation.Of(frame);
        Assert.Equal(grouping, frame[4]);
        Assert.Contains(new FrameField(1, 1, "content, codec", "keys and values, TAB-Q"), explanation.Fields);
        Assert.Contains(new FrameField(4, 1, "grouping", meaning), explanation.Fields);
        Assert.Contains(new FrameField(5, 1, "first layer", "3"), explanation.Fields);
        Assert.Equal(lastRecord, explanation.Fields[^4].Name);
        Assert.Equal((FrameContent.KeysAndValues, 9, 2 * 2 * 2 * 6), (explanation.Summary!.Content, explanation.Summary.Rows, explanation.Summary.Width));
    }

    /// <summary>Values of a summary, and of each record, are those that the frame's decoder gives.</summary>
    [Theory]
    [InlineData("float16")]
    [InlineData("int4")]
    [InlineData("tabq-channel")]
    public void Of_KeysAndValues_SummarizesWhatTheyDecodeTo(string name)
    {
        var values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(KvFolder, $"{name}.float32.bin"))).ToArray().Where(float.IsFinite).ToArray();
        var summary = FrameExplanation.Of(KvFrame(name)).Summary!;
        Assert.Equal((values.Min(), values.Max()), (summary.Min, summary.Max));
        Assert.Equal(Math.Sqrt(values.Sum(value => (double)value * value) / values.Length), summary.RootMeanSquare, tolerance: 1e-9);
    }

    [Fact]
    public void Of_KeysAndValuesAsStored_NamesCodesAndGridOfEachVector()
    {
        var fields = FrameExplanation.Of(KvFrame("int4")).Fields;
        Assert.Contains(new FrameField(4, 1, "format", "4 bits for each value, as the cache stores it"), fields);
        Assert.Contains(new FrameField(9, 3, "layer 3, position 0, head 0, key", "codes of -6.46875, 0.50390625, -1.3554688, -1.3554688, -1.8203125, -1.3554688"), fields);
        Assert.Contains(new FrameField(12, 4, "layer 3, position 0, head 0, key, grid", "scale 0.4648, minimum -6.47"), fields);
        Assert.Equal("layer 4, position 8, head 1, value, grid", fields[^2].Name);
    }

    [Theory]
    [InlineData("tabq-head", 1, 0x22, 1, "content 1 and codec 0 to 2, or content 2 and codec 0 or 1", "content 2 and codec 2")]
    [InlineData("tabq-head", 3, 0x0E, 3, "heads of an even width", "7")]
    [InlineData("tabq-head", 4, 0x03, 4, "grouping 0 to 2", "3")]
    [InlineData("float16", 4, 0x0F, 4, "32, 16, 8 or 4 bits of a stored value", "15")]
    [InlineData("tabq-head", 6, 0x00, 6, "1 to 65536 for layers", "0")]
    [InlineData("tabq-head", 7, 0x00, 7, "1 to 10922 for KV heads", "0")]
    [InlineData("float16", 7, 0x03, 873, "12 bytes of layer 4, position 3, head 0, key from byte 873 on", "the end after 0")]
    [InlineData("float16", 7, 0x01, 441, "the end of the payload", "432 more bytes")]
    [InlineData("float16", 40, 0xFF, 873, "CRC32C ", "")]
    public void Of_WrongByteInKeysAndValues_NamesOffsetExpectedAndFound(string name, int offset, byte value, int faultOffset, string expected, string found)
    {
        var frame = KvFrame(name);
        frame[offset] = value;
        var fault = FrameExplanation.Of(frame).Fault!;
        Assert.Equal(faultOffset, fault.Offset);
        Assert.StartsWith(expected, fault.Expected, StringComparison.Ordinal);
        Assert.StartsWith(found, fault.Found, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Of_EveryTruncation_EndsInAFault(string example)
    {
        var frame = Convert.FromHexString(example);
        for (var length = 0; length < frame.Length; length++)
        {
            var explanation = FrameExplanation.Of(frame.AsSpan(0, length));
            Assert.NotNull(explanation.Fault);
            Assert.InRange(explanation.Fault.Offset, 0, length);
            AssertNeighbours(explanation, explanation.Fault.Offset);
        }
    }

    [Theory]
    [InlineData(1, 0x54, 0, "magic 5346 (\"SF\")", "5354")]
    [InlineData(2, 0x09, 2, "version 1", "9")]
    [InlineData(3, 0x21, 3, "content 1 and codec 0 or 1", "content 2 and codec 1")]
    [InlineData(4, 0x00, 4, "1 to 65536 for rows", "0")]
    [InlineData(6, 0x11, 27, "17 bytes of payload and 4 of checksum from byte 7 on", "the end after 20")]
    [InlineData(6, 0x0F, 26, "the end of the frame, by its payload bytes", "1 more bytes")]
    [InlineData(9, 0x7F, 8, "a finite scale above 0", "Infinity")]
    [InlineData(11, 0x0C, 11, "an ascending column below 12", "12")]
    [InlineData(16, 0x06, 16, "coding 80 (packed) or 00 to 05 (rANS)", "06")]
    [InlineData(26, 0x55, 23, "CRC32C 541FF1BD of the bytes before it", "551FF1BD")]
    public void Of_WrongByteInVersion1_NamesOffsetExpectedAndFound(int offset, byte value, int faultOffset, string expected, string found)
    {
        var frame = Convert.FromHexString(Version1);
        frame[offset] = value;
        if (faultOffset == 8)
            frame[8] = 0x80; // 0x7F80 is infinite
        Assert.Equal(new FrameFault(faultOffset, expected, found), FrameExplanation.Of(frame).Fault);
    }

    [Theory]
    [InlineData(0, 0x00, 0, "A2 (version 2) or 5346 (\"SF\", version 1)", "00")]
    [InlineData(1, 0x13, 1, "content 1 and codec 0 to 2, or content 2 and codec 0 or 1", "content 1 and codec 3")]
    [InlineData(2, 0x00, 2, "twice a width of 1 to 65536, or for a multiple w of 128 the number w/64 + 1", "0")]
    [InlineData(3, 0x04, 3, "00 to 03 at one bit", "04")]
    [InlineData(5, 0x03, 5, "1 to 12 outliers of format 0 to 2", "1 of format 3")]
    [InlineData(5, 0x30, 5, "1 to 12 outliers of format 0 to 2", "13 of format 0")]
    [InlineData(6, 0xFF, 6, "columns below 12 by Rice codes, values, and zeros up to a whole byte", "bits that are not")]
    [InlineData(19, 0x45, 16, "CRC32C 1695CDC3 of the bytes before it", "4595CDC3")]
    public void Of_WrongByteInVersion2_NamesOffsetExpectedAndFound(int offset, byte value, int faultOffset, string expected, string found)
    {
        var frame = Convert.FromHexString(Version2);
        frame[offset] = value;
        Assert.Equal(new FrameFault(faultOffset, expected, found), FrameExplanation.Of(frame).Fault);
    }

    [Fact]
    public void Of_SymbolsThatDoNotDecode_NamesWhereTheyBegin()
    {
        var frame = new HiddenStateEncoder(GoldenInputs.Options).Encode(GoldenInputs.Normal(256), 1, 256).Bytes.ToArray();
        var state = FrameExplanation.Of(frame).Fields.Single(field => field.Name == "state");
        frame[state.Offset] ^= 0x40;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(frame.Length - 4), Crc32C.Compute(frame.AsSpan(0, frame.Length - 4)));
        Assert.Equal(state.Offset, FrameExplanation.Of(frame).Fault!.Offset);
    }

    /// <summary>Every changed byte is a fault, unless only a calibration could tell, and none an exception.</summary>
    [Fact]
    public void Of_MutatedGoldenFrames_EndsInAFault()
    {
        foreach (string file in GoldenFrames)
        {
            var frame = File.ReadAllBytes(Path.Combine(Folder, file));
            for (var offset = 0; offset < Math.Min(frame.Length, 500); offset++)
            {
                frame[offset] ^= 0x41;
                var explanation = FrameExplanation.Of(frame);
                Assert.Null(explanation.Summary);
                Assert.True(explanation.Fault is not null || file.StartsWith("RateDistortion", StringComparison.Ordinal));
                Assert.InRange(explanation.Fault?.Offset ?? 0, 0, frame.Length);
                AssertNeighbours(explanation, frame.Length);
                frame[offset] ^= 0x41;
            }
        }
    }

    private static byte[] KvFrame(string name) => File.ReadAllBytes(Path.Combine(KvFolder, $"{name}.frame.bin"));

    private static void AssertNeighbours(FrameExplanation explanation, int lengthMax)
    {
        var end = 0;
        foreach (var field in explanation.Fields)
        {
            Assert.Equal(end, field.Offset);
            Assert.InRange(field.ByteCount, 1, lengthMax - end);
            end += field.ByteCount;
        }
    }
}
