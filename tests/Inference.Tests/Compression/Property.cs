using FsCheck;
using FsCheck.Fluent;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Runs a property; a failure names its seed, which <c>Config.WithReplay</c> takes.</summary>
internal static class Property
{
    public static void Holds<T>(int cases, Gen<T> gen, Action<T> check) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(cases), Prop.ForAll(gen.ToArbitrary(), check));
}
