using static SplitActors.Inference.Tests.Json.SomeJson;

namespace SplitActors.Inference.Tests.Json;

public sealed class JsonFieldValueTests
{
    [Fact]
    public void Read_AbsentField_GivesWhatIsAskedFor()
    {
        foreach (var field in new[] { A("{}"), A("""{"a":null}""") })
        {
            Assert.Null(field.TextOrNull());
            Assert.True(field.Flag(whenAbsent: true));
            Assert.False(field.Flag(whenAbsent: false));
            Assert.Equal(-7, field.Integer(0, Max, whenAbsent: -7));
            Assert.Equal(-1.5f, field.Number(whenAbsent: -1.5f, min: 0));
            Assert.Equal(-1.5f, field.PositiveNumber(whenAbsent: -1.5f));
            Assert.Equal(0, field.Count);
        }
    }

    [Theory]
    [InlineData("\"\"", "")]
    [InlineData("\"a\\n\\u00e9\\ud83d\\ude00\"", "a\né😀")]
    public void Text_OfAString_IsUnescaped(string value, string expected)
    {
        Assert.Equal(expected, Value(value).Text());
        Assert.Equal(expected, Value(value).TextOrNull());
    }

    [Theory]
    [InlineData("7", "7")]
    [InlineData("""["x"]""", """["x"]""")]
    [InlineData("\"\\ud800\"", "\"\\ud800\"")]
    [InlineData("\"\\udc00\\ud800\"", "\"\\udc00\\ud800\"")]
    public void Text_OfAnythingElse_IsRefused(string value, string found) =>
        Refuses(() => Value(value).TextOrNull(), "a", $"a string of valid Unicode, found {found}");

    [Fact]
    public void Flag_OnlyTrueAndFalse_AreRead()
    {
        Assert.True(Value("true").Flag(whenAbsent: false));
        Assert.False(Value("false").Flag(whenAbsent: true));
        Refuses(() => Value("1").Flag(whenAbsent: false), "a", "true or false, found 1");
        Refuses(() => Value("\"true\"").Flag(whenAbsent: false), "a", "true or false, found \"true\"");
    }

    [Theory]
    [InlineData("-3", -3)]
    [InlineData("100", 100)]
    public void Integer_WithinTheRange_IsRead(string value, int expected) => Assert.Equal(expected, Value(value).Integer(-3, Max));

    [Theory]
    [InlineData("-4")]
    [InlineData("101")]
    [InlineData("2.0")]
    [InlineData("1e1")]
    [InlineData("4294967297")]
    [InlineData("99999999999999999999")]
    [InlineData("\"7\"")]
    [InlineData("true")]
    public void Integer_AnythingElse_IsRefused(string value)
    {
        Refuses(() => Value(value).Integer(-3, Max), "a", $"a whole number from -3 to 100, found {value}");
        Refuses(() => Value(value).Integer(-3, Max, whenAbsent: 1), "a", $"a whole number from -3 to 100, found {value}");
    }

    [Theory]
    [InlineData("0", 0f)]
    [InlineData("0.25", 0.25f)]
    [InlineData("1e0", 1f)]
    public void Number_WithinTheRange_IsRead(string value, float expected)
    {
        Assert.Equal(expected, Value(value).Number(whenAbsent: 9, min: 0, max: 1));
        if (expected > 0)
            Assert.Equal(expected, Value(value).PositiveNumber(whenAbsent: 9, max: 1));
    }

    [Theory]
    [InlineData("-0.25")]
    [InlineData("1e999")]
    [InlineData("-1e999")]
    [InlineData("\"1\"")]
    [InlineData("{}")]
    public void Number_AnythingElse_IsRefused(string value)
    {
        Refuses(() => Value(value).Number(whenAbsent: 9, min: 0), "a", $"a finite number of at least 0, found {value}");
        Refuses(() => Value(value).Number(whenAbsent: 9, min: 0, max: 1), "a", $"a number from 0 to 1, found {value}");
        Refuses(() => Value(value).PositiveNumber(whenAbsent: 9), "a", $"a finite number above 0, found {value}");
        Refuses(() => Value(value).PositiveNumber(whenAbsent: 9, max: 1), "a", $"a number above 0 and at most 1, found {value}");
    }

    [Fact]
    public void Number_AtAndAboveTheBounds_IsToldApart()
    {
        Refuses(() => Value("0").PositiveNumber(whenAbsent: 9), "a", "a finite number above 0, found 0");
        Refuses(() => Value("1.5").PositiveNumber(whenAbsent: 9, max: 1), "a", "a number above 0 and at most 1, found 1.5");
        Refuses(() => Value("1.5").Number(whenAbsent: 9, min: 0, max: 1), "a", "a number from 0 to 1, found 1.5");
    }

    [Fact]
    public void Integers_WholeNumbers_AreRead()
    {
        Assert.Equal([0L, long.MaxValue], Value($"[0, {long.MaxValue}]").Integers(0, long.MaxValue));
        Assert.Empty(Value("[]").Integers(0, Max));
        Refuses(() => Value("7").Integers(0, Max), "a", "an array of whole numbers, found 7");
        Refuses(() => Value("[1, -1]").Integers(0, Max), "a[1]", "a whole number from 0 to 100, found -1");
        Refuses(() => Value("[1, null]").Integers(0, Max), "a[1]", "a whole number from 0 to 100, found null");
        Refuses(() => Value("[9223372036854775808]").Integers(0, long.MaxValue), "a[0]", $"a whole number from 0 to {long.MaxValue}");
    }

    [Fact]
    public void Texts_Strings_AreRead()
    {
        Assert.Equal<string[]>(["x", ""], Value("""["x", ""]""").Texts());
        Refuses(() => Value("\"x\"").Texts(), "a", "an array of strings, found \"x\"");
        Refuses(() => Value("""["x", 1]""").Texts(), "a[1]", "a string of valid Unicode, found 1");
        Refuses(() => Value("""["x", "\ud800"]""").Texts(), "a[1]", "a string of valid Unicode, found \"\\ud800\"");
    }
}
