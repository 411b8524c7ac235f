using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// What a session does when an answer is later than answers have been: it asks again before the other side counts as silent. What finds nobody
/// comes back, so that a dead worker is noticed in a few round trips. Reminders give nobody up.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>Of a side that has not answered yet [RFC 6298, 2.1].</summary>
        private static readonly TimeSpan FirstReminder = TimeSpan.FromSeconds(1);

        private const int HelloTimes = 4; // an answer may take longer than the hello's
        private const int SilenceTimes = 10;

        /// <summary>
        /// A worker that answers in milliseconds is not waited for as one of which nothing is known, and one behind a slow link is given its
        /// time.
        /// </summary>
        private TimeSpan SilenceMax => TravelTime + RestMax;

        /// <summary>Beside the way of what is on it.</summary>
        private TimeSpan RestMax => IsOneTokenDue && State.Answers is { } times && AnswerTimeout > FirstReminder
            ? Within(times.LateAfter * SilenceTimes, FirstReminder, times.LateAfter > AnswerTimeout ? times.LateAfter : AnswerTimeout)
            : AnswerTimeout;

        /// <summary>Until the next reminder, each twice as long as the one before; null if the other side counts as silent before that.</summary>
        private TimeSpan? ReminderPause
        {
            get
            {
                var pause = FirstPause * (1L << State.ReminderCount);
                return RemindedFor + pause < SilenceMax ? pause : null;
            }
        }

        private TimeSpan FirstPause
        {
            get
            {
                var late = IsOneTokenDue && State.Answers is { } times ? times.LateAfter
                    : State.HelloRoundTrip is { } roundTrip ? roundTrip * HelloTimes
                    : FirstReminder;
                return TravelTime + Within(late, Options.ReminderMin, RestMax);
            }
        }

        /// <summary>Since the last attempt.</summary>
        private TimeSpan RemindedFor => FirstPause * ((1L << State.ReminderCount) - 1);

        /// <summary>What is due is the answer to one step of one token, as almost always.</summary>
        private bool IsOneTokenDue =>
            State.Phase == EdgePhase.Running && State.SentCount == State.AckedCount + 1 && State.Frames[State.AckedCount].Count == 1;

        private void StartAnswerTimer()
        {
            var pause = State.LeavingBytes > 0 ? AnswerTimeout : ReminderPause ?? Within(SilenceMax - RemindedFor, TimeSpan.Zero, SilenceMax);
            if (State is { LeavingBytes: 0, IsReminderUnanswered: true } && MayGoElsewhere && FirstPause < pause)
                pause = FirstPause;
            _effects.Add(new EdgeEffect.StartTimer(pause));
        }

        /// <returns>Whether there was time for one.</returns>
        private bool Remind()
        {
            if (State.IsWaiting || ReminderPause is null)
                return false;
            var isStep = IsOneTokenDue;
            State = State with { ReminderCount = State.ReminderCount + 1, NackedPosition = -1, IsReminderUnanswered = true };
            _restartTimer = true;
            if (State.Hedged is { } hedged)
                AskAgain(hedged);
            switch (State.Phase)
            {
                case EdgePhase.Joining: Send(Options.Scheduler, Hello()); break;
                case EdgePhase.Planning: Send(Options.Scheduler, PlanRequest()); break;
                case EdgePhase.Running when isStep:
                    State = State with { SentCount = State.AckedCount, UnsettledReminders = State.UnsettledReminders + 1, RemindedCount = State.AckedCount + 1 };
                    break;
                case EdgePhase.Running: AskWhatArrived(); break; // far smaller than the frames, and answered at once
                default: Send(State.Worker, OpenSession()); break;
            }

            return true;
        }

        /// <summary>What a reminded step's first send and its answer took, if it turns out that neither was lost; else null.</summary>
        private void KeepTrip(StepResult result, StoredFrame frame, long transportUs, bool hadTheLink)
        {
            if (State.UnsettledReminders > 0)
                State = State with { UnsettledTrip = new UnsettledTrip(hadTheLink ? Envelopes.SizeOf(DecodeStep(frame)) + Envelopes.SizeOf(result) : null, transportUs, Microseconds(now - frame.SentAt)) };
        }

        /// <summary>The worker had the step already: nothing was lost, the answer was that to the first send, and only late.</summary>
        private void SettleReminder()
        {
            if (State.UnsettledReminders == 0)
                return;
            State = State with { UnsettledReminders = State.UnsettledReminders - 1 };
            if (State.UnsettledReminders > 0 || State.UnsettledTrip is not { } trip)
                return;
            State = State with { UnsettledTrip = null, Answers = AnswerTimes.After(State.Answers, trip.AnsweredUs) };
            if (trip.ByteCount is { } bytes)
                _effects.Add(new EdgeEffect.MeasureRoundTrip(bytes, trip.TransportUs));
        }

        /// <summary>Answers come in order: when a later step is answered, reminders that drew no second answer made up for something that was lost.</summary>
        private void SettleReminders(int ackedCount)
        {
            if (ackedCount <= State.RemindedCount)
                return;
            for (var i = 0; i < State.UnsettledReminders; i++)
                _effects.Add(new EdgeEffect.CountLoss());
            State = State with { UnsettledReminders = 0, UnsettledTrip = null };
        }

        private static TimeSpan Within(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;
    }
}
