using System.CommandLine;
using SplitActors.Inference;
using SplitActors.Peers.LlamaCpp;

try
{
    return await Commands.Create().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception error) when (error is UserErrorException or InvalidOperationException)
{
    Console.Error.WriteLine($"peers/llamacpp: {error.Message}");
    return error is UserErrorException ? 2 : 1;
}
