using SplitActors.Hosts.Brokers;

namespace SplitActors.Hosts.Tests.Brokers;

public sealed class BrokerSettingsTests
{
    private const string Text = "# a = 0\n\na = 1\nb.c = x=y\n";

    [Theory]
    [InlineData("a", "1")]
    [InlineData("b.c", "x=y")]
    [InlineData("b", null)]
    [InlineData("# a", null)]
    public void Find_GivesTheValue(string key, string? value) => Assert.Equal(value, BrokerSettings.Find(Text, key));

    [Fact]
    public void With_ChangesValuesWhereTheyStand_AddsAndRemoves()
    {
        Assert.Equal("# a = 0\n\na = 2\nb.c = x=y\n", With(("a", "2")));
        Assert.Equal("# a = 0\n\nb.c = x=y\nd = 3\n", With(("a", null), ("d", "3")));
        Assert.Equal(Text, With(("e", null)));
    }

    private static string With(params IEnumerable<(string Key, string? Value)> changes) =>
        BrokerSettings.With(Text, changes.ToDictionary(change => change.Key, change => change.Value, StringComparer.Ordinal));
}
