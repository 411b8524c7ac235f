using SplitActors.Hosts.Cli;

return await CommandLine.RunAsync(args);
