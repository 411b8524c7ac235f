using SplitActors.Inference.Json;
using static SplitActors.Inference.Tests.Json.SomeJson;

namespace SplitActors.Inference.Tests.Json;

public sealed class JsonFieldTests
{
    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{"a":null}""", true)]
    [InlineData("""{"a":false}""", false)]
    [InlineData("""{"a":0}""", false)]
    [InlineData("""{"a":""}""", false)]
    [InlineData("""{"a":{}}""", false)]
    public void IsAbsent_NullCountsAsAbsent(string json, bool expected) => Assert.Equal(expected, Parse(json).Field("a").IsAbsent);

    [Fact]
    public void Read_AbsentFieldThatMustBeThere_SaysSo()
    {
        Refuses(() => A("{}").Text(), "a", "a string of valid Unicode, found no such field");
        Refuses(() => A("""{"a":null}""").Text(), "a", "a string of valid Unicode, found null");
        Refuses(() => A("{}").Integer(1, Max), "a", "a whole number from 1 to 100, found no such field");
        Refuses(() => A("{}").Integers(1, Max), "a", "an array of whole numbers, found no such field");
        Refuses(() => A("{}").Texts(), "a", "an array of strings, found no such field");
        Refuses(() => A("{}").Items().Count(), "a", "a JSON array, found no such field");
        Refuses(() => A("{}").Entries().Count(), "a", "a JSON object, found no such field");
        Refuses(() => A("{}").Field("b"), "a", "a JSON object, found no such field");
    }

    [Fact]
    public void Items_AndEntries_KeepTheirOrder()
    {
        var root = Parse("""{"items":[3,1,2],"entries":{"z":1,"a":2}}""");
        Assert.Equal((2, 3, 2, 0), (root.Count, root.Field("items").Count, root.Field("entries").Count, root.Field("none").Count));
        Assert.True(root.Field("items").IsArray && !root.Field("entries").IsArray);
        Assert.Equal([3, 1, 2], root.Field("items").Items().Select(item => item.Integer(0, Max)));
        Assert.Equal([("z", 1), ("a", 2)], root.Field("entries").Entries().Select(entry => (entry.Name, entry.Value.Integer(0, Max))));
        Refuses(() => root.Field("entries").Items().Count(), "entries", "a JSON array, found {\"z\":1,\"a\":2}");
        Refuses(() => root.Field("items").Entries().Count(), "items", "a JSON object, found [3,1,2]");
    }

    [Fact]
    public void PlainEntries_NameWithAControlCharacter_IsRefused()
    {
        var root = Parse("""{"a":{"x\ny":1}}""");
        Assert.Equal("x\ny", root.Field("a").Entries().Single().Name);
        Refuses(() => root.Field("a").PlainEntries().Count(), "a", "names without control characters, found 'x\uFFFDy'");
        Assert.Equal("x y", Parse("""{"x y":1}""").PlainEntries().Single().Name);
    }

    [Fact]
    public void Place_OfEachKindOfStep_IsAPath()
    {
        var root = Parse("""{"a":{"b":[0,[{"c_1":1}]]},"lm_head.weight":{"x y":1,"":2,"it's\n":3}}""");
        Assert.Equal("some.json", root.Place);
        Assert.Equal("some.json, a", root.Field("a").Place);
        Assert.Equal("some.json, a.b[1][0].c_1", root.Field("a").Field("b").Items().ElementAt(1).Items().Single().Field("c_1").Place);
        var quoted = root.Field("lm_head.weight");
        Assert.Equal("some.json, ['lm_head.weight']", quoted.Place);
        string[] places = [.. quoted.Entries().Select(entry => entry.Value.Place)];
        Assert.Equal<string[]>([$"{quoted.Place}['x y']", $"{quoted.Place}['']", $"{quoted.Place}['it's\uFFFD']"], places);
    }

    [Fact]
    public void At_AnotherPlace_IsWhereItsFieldsStand()
    {
        var tensor = Parse("""{"x":{"shape":[1,"2"]}}""").Field("x").At("some.json, tensor 'x'");
        Assert.Equal("some.json, tensor 'x'", tensor.Place);
        Refuses(() => tensor.Field("shape").Integers(0, Max), "tensor 'x', shape[1]", "a whole number from 0 to 100, found \"2\"");
    }

    [Fact]
    public void Error_LongOrIndentedValue_IsShownOnOneLine()
    {
        Assert.Contains("found { \"b\": 1 }. ", Value("{\n  \"b\": 1\r\n}").Error("x").Message, StringComparison.Ordinal);
        Assert.Contains("found \"\uFFFD\". ", Value("\"\u0085\"").Error("x").Message, StringComparison.Ordinal);

        var found = $"[{string.Join(',', Enumerable.Repeat("12345", 1000))}]";
        Assert.Contains($"found {found[..ShownText.CharsMax]}…. ", Value(found).Error("x").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Error_FoundStepAndCauseGiven_AreUsed()
    {
        var cause = new InvalidOperationException();
        var error = Value("7").Error("eight", "seven\n", "Count again.", cause);
        Assert.Equal("some.json, a: expected eight, found seven\uFFFD. Count again.", error.Message);
        Assert.Same(cause, error.InnerException);
        Assert.Equal("some.json, a: expected eight, found 7. Correct the file, or download it again.", Value("7").Error("eight").Message);
    }

    [Fact]
    public void Entries_LargeObject_AllocatesLittleMoreThanItsNames()
    {
        const int EntryCount = 10_000;
        const int NameBytes = 32; // of a string of 5 characters
        var entries = string.Join(',', Enumerable.Range(10_000, EntryCount).Select(i => $"\"{i}\":{i}"));
        var root = Parse($"{{{entries}}}");
        var sum = Sum(); // warm
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(sum, Sum());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (EntryCount * NameBytes) + 4096);

        long Sum()
        {
            long total = 0;
            foreach (var (name, value) in root.Entries())
                total += name.Length + value.Integer(0, int.MaxValue);
            return total;
        }
    }
}
