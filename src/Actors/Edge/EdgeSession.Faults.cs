using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What cannot be right in a prompt, a plan or an answer; each with both sides' values, or null.</summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        private string? FindFault(ImmutableList<int> prompt)
        {
            if (prompt.IsEmpty)
                return "The prompt has no tokens; it needs at least one.";
            if (prompt.Count >= Options.ContextLength)
                return $"The prompt has {prompt.Count} tokens; the model's context of {Options.ContextLength} leaves room for {Options.ContextLength - 1} and one to generate.";
            var index = prompt.FindIndex(token => token < 0 || token >= Options.VocabularySize);
            return index < 0 ? null : $"Token {index} of the prompt has id {prompt[index]}; the vocabulary has {Options.VocabularySize} tokens.";
        }

        private string? FindFault(Plan plan)
        {
            var fitsMode = plan.Mode switch
            {
                ExecutionMode.Cloud => plan.SplitLayer == 0,
                ExecutionMode.Split => plan.SplitLayer > 0 && plan.SplitLayer < Options.LayerCount,
                ExecutionMode.Device => plan.SplitLayer == Options.LayerCount,
                ExecutionMode.Handoff => plan.SplitLayer < Options.LayerCount,
                _ => false,
            };
            if (!fitsMode)
                return $"The plan says mode {plan.Mode} with {plan.SplitLayer} layers on the device; the model has {Options.LayerCount}.";
            if (plan.Mode != ExecutionMode.Device && (plan.Worker.Length == 0 || plan.Compression is null))
                return $"The plan says mode {plan.Mode} but lacks {(plan.Worker.Length == 0 ? "a worker" : "the compression")}.";
            if (plan.Front is { } front && front.ToFormats() is null)
                return $"The plan asks for weights of {front.WeightBits} bits in groups of {front.GroupSize} and keys and values of {front.KvBits}; there is no such format.";
            if (plan.HasTokenCountMax && plan.TokenCountMax <= State.PromptCount)
                return $"The plan allows {plan.TokenCountMax} tokens; the prompt has {State.PromptCount}.";
            if (Compatibility.CheckCalibration("The plan", plan.Compression?.CalibrationId ?? 0, "the device", Options.CalibrationId) is { } mismatch)
                return mismatch.Detail;
            return null;
        }

        /// <summary>An answer is about frames that were sent, and the last known token is never acknowledged without the next.</summary>
        private string? FindFault(StepResult result)
        {
            var sentTokens = State.SentCount == 0 ? 0 : State.Frames[State.SentCount - 1].End;
            if (result.NextPosition > sentTokens)
                return $"it acknowledged {result.NextPosition} tokens of {sentTokens} that were sent";
            if (result.NextPosition != State.Tokens.Count)
                return null;
            if (!result.HasToken)
                return $"it acknowledged {result.NextPosition} tokens without the next one";
            return result.Token < Options.VocabularySize ? null : $"it answered token {result.Token} from a vocabulary of {Options.VocabularySize}";
        }
    }
}
