using FsCheck;
using FsCheck.Fluent;

namespace SplitActors.Actors.Tests;

internal static class Property
{
    /// <summary>Fails with the input and the seed to replay it.</summary>
    public static void Holds<T>(Gen<T> inputs, Func<T, bool> property) =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(inputs.ToArbitrary(), property));
}
