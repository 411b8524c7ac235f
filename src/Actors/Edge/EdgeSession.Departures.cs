using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// How a session waits for what is on its way: nobody is silent who cannot have the message yet, nothing that still leaves is sent
/// again, and bytes are given the time that bytes have taken.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        private const int MeasuredBytesMin = 4096; // fewer tell more of the round trip than of a byte

        /// <summary>From whom an answer is due.</summary>
        private string Peer => State.Phase is EdgePhase.Joining or EdgePhase.Planning ? Options.Scheduler : State.Worker;

        /// <summary>What the frames on their way take, by those before.</summary>
        private TimeSpan TravelTime =>
            State is { Phase: EdgePhase.Running, ByteTimes: { } times, HasUnacknowledged: true } && !IsOneTokenDue
            ? times.LateAfterAll(BytesOnTheWay(State.SentCount - 1))
            : TimeSpan.Zero;

        /// <summary>Bytes that leave are life, though not the other side's: its time to answer begins when all have left.</summary>
        private void Follow(Outgoing outgoing)
        {
            if (outgoing.To == Options.Scheduler)
                State = State with { IsReportLeaving = outgoing.ByteCount > 0 };
            if (!IsAnswerDue(State) || outgoing.To != Peer || outgoing.ByteCount == State.LeavingBytes)
                return;
            if (State.LeavingBytes == 0)
                State = State with { LeavingSince = now };
            State = State with { LeavingBytes = outgoing.ByteCount, StallCount = 0 };
            if (outgoing.ByteCount == 0 && State.RefusedSince is { } since)
            {
                var beforeLeaving = State.LeavingSince > since ? State.LeavingSince - since : TimeSpan.Zero;
                State = State with { RefusedSince = now - beforeLeaving };
            }

            _restartTimer = true;
        }

        /// <summary>Nothing has left for the whole time: what is underway is not sent again, but a link that stays so is no link.</summary>
        private void WaitForDeparture()
        {
            State = State with { StallCount = State.StallCount + 1 };
            _restartTimer = true;
            if (State.StallCount >= AttemptsMax)
                GiveUp($"{State.LeavingBytes} bytes for it have not left for {(AnswerTimeout * State.StallCount).TotalSeconds:0.#} s");
        }

        /// <summary>What is missing is sent again when the worker says so, not before: only it knows.</summary>
        private void AskWhatArrived() => Send(State.Worker, new DecodeStep
        {
            SessionId = State.Session.Value,
            Epoch = State.Epoch,
            Position = (uint)State.Frames[State.SentCount - 1].End,
        });

        /// <summary>The contents of frames from the first that is not acknowledged to this one.</summary>
        private long BytesOnTheWay(int lastIndex)
        {
            var sum = 0L;
            for (var index = State.AckedCount; index <= lastIndex; index++)
                sum += State.Frames[index].Frame?.Length ?? 0;
            return sum;
        }

        /// <summary>Without what a message takes that has hardly any bytes.</summary>
        private void MeasureBytes(StoredFrame frame, long transportUs)
        {
            if (frame.BytesOnTheWay < MeasuredBytesMin)
                return;
            var bytesUs = Math.Max(0, transportUs - Microseconds(State.HelloRoundTrip ?? TimeSpan.Zero));
            State = State with { ByteTimes = AnswerTimes.After(State.ByteTimes, (double)bytesUs / frame.BytesOnTheWay) };
        }
    }
}
