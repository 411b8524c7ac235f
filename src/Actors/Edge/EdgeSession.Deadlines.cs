using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a session learns of its link and is promised, and whether tokens keep it.</summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>Round trips before their worst case counts.</summary>
        private const int SampleCountMin = 8;

        /// <summary>Most bytes of an answer with a token.</summary>
        private const int AnswerBytesMax = 64;

        /// <summary>What the scheduler promises for a token that begins now, in microseconds; never less than was asked for.</summary>
        private long PromisedUs => Math.Max(AskedUs, State.Deadline?.PromisedUs ?? 0);

        private long AskedUs => Options.Deadline is { } asked ? Microseconds(asked) : 0;

        /// <summary>
        /// Whether a step was sent once, and nothing of the step before it was on the link any more: that took no longer than until this one was sent.
        /// </summary>
        private bool HadTheLink(int index)
        {
            var frame = State.Frames[index];
            return (frame.SentBytes > 0 || State.UnsettledReminders > 0) && (index == 0 || Microseconds(frame.SentAt - State.Frames[index - 1].SentAt) >= State.TransportUs);
        }

        private void TellMemory(DeviceMemoryChanged memory)
        {
            State = State with { MemoryBytesMax = memory.MemoryBytesMax };
            if (State.Phase > EdgePhase.Planning)
                ReportLink(isDue: true);
        }

        private void Adopt(Deadline? deadline)
        {
            if (deadline is null || Options.Deadline is null)
                return;
            State = State with { Deadline = deadline };
            Publish(new DeadlineUpdated(deadline));
        }

        /// <summary>A token counts by what was promised when it began. The first has no deadline: it includes loading and the prompt.</summary>
        private TokenBill Judge(TokenBill bill)
        {
            if (State.GeneratedCount == 0)
                return bill;
            var (isKept, isPromised) = (bill.ElapsedUs <= AskedUs, bill.ElapsedUs <= State.TokenPromisedUs);
            if (Options.Deadline is not null)
                bill = bill with { KeptCount = isKept ? 1 : 0, DegradedCount = !isKept && isPromised ? 1 : 0, MissedCount = isKept || isPromised ? 0 : 1 };
            State = State with { Link = State.Link.WithToken(bill.ResentCount == 0 && State.Move is null ? bill.DeviceUs : 0, bill.MissedCount > 0) };
            return bill;
        }

        /// <summary>
        /// The worst case of a step and its answer: as measured, if that is known, but no less than declared; else as the first message showed.
        /// </summary>
        private uint? LinkUsWorst()
        {
            var measured = State.Measured is { SampleCount: >= SampleCountMin } known ? WireTime.ToMicroseconds(known.StepSecondsWorst) : null;
            var declared = WireTime.ToMicroseconds(Options.Link?.RoundTripSecondsWorst(Options.StepBytesMax, AnswerBytesMax));
            return new[] { measured, declared }.Max() ?? WireTime.ToMicroseconds(State.HelloRoundTrip?.TotalSeconds);
        }
    }
}
