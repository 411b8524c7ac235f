using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Trust;

/// <summary>A device believes plans of its scheduler, and results of its session's worker, and nobody else's.</summary>
public sealed class ForgedAnswersTests
{
    [Theory]
    [InlineData("edge/evil/1")]
    [InlineData("worker/2")]
    [InlineData("")]
    public void Answer_OfAStranger_ChangesNothing(string from)
    {
        var session = new EdgeStepper();
        session.RunToFirstFrames();
        var before = session.State;
        IMessage[] forged =
        [
            new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 99 },
            new Welcome(),
            new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.BadRequest, Detail = "Go." },
            new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.UnknownSession },
            new DeadlineChanged { SessionId = 1, Deadline = new Deadline { PromisedUs = 1 } },
            new StepResult { SessionId = 1, Epoch = 1, NextPosition = 4 },
            new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 0 },
            new SessionOpened { SessionId = 1, Epoch = 1 },
        ];
        foreach (var message in forged)
        {
            session.Receive(message, from);
            Assert.Empty(session.Effects);
            Assert.Equal(before, session.State);
        }
    }

    [Theory]
    [InlineData(EdgeStepper.Worker)]
    [InlineData("edge/evil/1")]
    public void Plan_ThatIsNotTheSchedulers_IsNotAdopted(string from)
    {
        var session = new EdgeStepper();
        session.Step(new StartSession([1, 2, 3]));
        session.Receive(new Welcome());
        session.Receive(EdgeStepper.SplitPlan("worker/9"), from);
        Assert.Null(session.State.Plan);
    }
}
