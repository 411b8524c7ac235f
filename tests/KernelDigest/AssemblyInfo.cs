using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("SplitActors.Inference.Tests")]
