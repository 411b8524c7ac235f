using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class BrokerAddressTests
{
    [Theory]
    [InlineData("scheduler")]
    [InlineData("worker/w-1_A")]
    [InlineData("worker/w1/2")]
    [InlineData("edge/d1/0f")]
    public void Addresses_AreValid(string address) => Assert.True(BrokerAddress.IsValid(address));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/edge")]
    [InlineData("edge/")]
    [InlineData("edge//1")]
    [InlineData("edge/d1")]
    [InlineData("edge/d1/1/2")]
    [InlineData("worker/w1/2/3")]
    [InlineData("scheduler/2")]
    [InlineData("another")]
    [InlineData("edge/d1/#")]
    [InlineData("edge/*/1")]
    [InlineData("edge/d 1/1")]
    [InlineData("edge/ä/1")]
    [InlineData("edge/d1/1\n")]
    public void OtherTexts_AreNot(string? address) => Assert.False(BrokerAddress.IsValid(address));

    [Fact]
    public void AddressThatIsTooLong_IsNotValid()
    {
        Assert.True(BrokerAddress.IsValid("worker/" + new string('a', BrokerAddress.LengthMax - 7)));
        Assert.False(BrokerAddress.IsValid("worker/" + new string('a', BrokerAddress.LengthMax - 6)));
    }

    [Theory]
    [InlineData(BrokerTopology.Ingress, "d1", "edge/d1/1", true)]
    [InlineData(BrokerTopology.Fabric, "w1", "worker/w1", true)]
    [InlineData(BrokerTopology.Fabric, "w1", "worker/w1/2", true)]
    [InlineData(BrokerTopology.Fabric, "scheduler", "scheduler", true)]
    [InlineData(BrokerTopology.Ingress, "d1", "edge/d1", false)] // no session
    [InlineData(BrokerTopology.Ingress, "d1", "edge/d2/1", false)] // another's
    [InlineData(BrokerTopology.Ingress, "d1", "edge/d10/1", false)]
    [InlineData(BrokerTopology.Ingress, "d1", "worker/d1", false)] // another role
    [InlineData(BrokerTopology.Ingress, "scheduler", "scheduler", false)] // another way
    [InlineData(BrokerTopology.Fabric, "d1", "edge/d1/1", false)]
    [InlineData(BrokerTopology.Fabric, "w1", "scheduler", false)]
    [InlineData(BrokerTopology.Fabric, "w1", "worker/w10", false)]
    [InlineData("", "d1", "edge/d1/1", false)]
    [InlineData(BrokerTopology.Ingress, null, "edge/d1/1", false)] // not verified
    [InlineData(BrokerTopology.Ingress, "d1/1", "edge/d1/1/1", false)]
    public void Sender_IsBelieved_IfExchangeAndUserFit(string exchange, string? user, string from, bool isBelieved) =>
        Assert.Equal(isBelieved, BrokerAddress.MaySpeak(exchange, user, from));

    [Fact]
    public void Devices_ReachServersOnly()
    {
        Assert.True(BrokerAddress.CanReach("edge/d1/1", "scheduler"));
        Assert.True(BrokerAddress.CanReach("worker/w1", "edge/d1/1"));
        Assert.False(BrokerAddress.CanReach("edge/d1/1", "edge/d1/2"));
        Assert.False(BrokerAddress.CanReach("worker/w1", "edge/*"));
    }
}
