using System.Reflection;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>
/// Two threads that code the first frames of a process at the same time: before each pair the tables that all share are forgotten, as no process has any when it
/// starts, and what both write and read is compared with what one thread alone does.
/// </summary>
internal static class FirstFrames
{
    private const int Width = 64;
    private const int StepCount = 24;

    private static readonly SpreadTables?[] Shared =
        (SpreadTables?[])typeof(SpreadTables).GetField("Shapes", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(obj: null)!;

    /// <param name="roundCount">Frames that each thread encodes and decodes.</param>
    public static FirstUsesResult Run(long roundCount)
    {
        var cases = Enumerable.Range(0, StepCount).Select(Case.Of).ToArray();
        return FirstUses.Run(roundCount, usesPerRound: 1, _ => Array.Clear(Shared), () =>
        {
            var coder = new Coder();
            return (round, _) => coder.FaultOf(cases[round % StepCount]);
        });
    }

    /// <summary>A token, and what becomes of it where nobody disturbs.</summary>
    private sealed record Case(float[] Hidden, CompressionOptions Options, byte[] Frame, float[] Decoded)
    {
        public static Case Of(int number)
        {
            var step = (float)(0.05 * Math.Pow(2, number / 4.0));
            var options = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(step) };
            var hidden = GoldenInputs.Normal(Width);
            var frame = new HiddenStateEncoder(options).Encode(hidden, 1, Width).Bytes.ToArray();
            var decoded = new float[Width];
            Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out _));
            return new Case(hidden, options, frame, decoded);
        }
    }

    private sealed class Coder
    {
        private readonly float[] _decoded = new float[Width];

        public string? FaultOf(Case expected)
        {
            try
            {
                var frame = new HiddenStateEncoder(expected.Options).Encode(expected.Hidden, 1, Width).Bytes.Span;
                if (!frame.SequenceEqual(expected.Frame))
                    return $"At a step of {expected.Options.RateDistortion.RelativeStep} the frame is another.";
                var status = FrameDecoder.Decode(frame, _decoded, out _);
                return status == DecodeStatus.Ok && _decoded.AsSpan().SequenceEqual(expected.Decoded) ? null : $"Decoding says {status}, or gives other values.";
            }
            catch (ArgumentException error)
            {
                return error.Message; // the frequencies of a table do not sum to 2^12
            }
        }
    }
}
