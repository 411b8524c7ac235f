using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class OptionTests
{
    [Theory]
    [InlineData("--max-tokens 0", "--max-tokens", "1 to", "'0'")]
    [InlineData("--max-tokens many", "--max-tokens", "whole number", "'many'")]
    [InlineData("--max-tokens 99999999999", "--max-tokens", "'99999999999'")]
    [InlineData("--max-tokens", "--max-tokens", "argument missing")]
    [InlineData("--split -1", "--split", "number of layers, or auto", "'-1'")]
    [InlineData("--split 9", "--split", "0 to 8 layers", "'9'")]
    [InlineData("--split half", "--split", "'half'")]
    [InlineData("--split 3 --split 4", "--split", "2 were provided")]
    [InlineData("--mode cloud --split 3", "--split", "0 of 8 layers in cloud mode", "'3'")]
    [InlineData("--mode device --split 3", "--split", "8 of 8 layers in device mode", "'3'")]
    [InlineData("--mode split --split 0", "--split", "1 to 7 of 8 layers in split mode", "'0'")]
    [InlineData("--mode split --split 8", "--split", "1 to 7 of 8 layers in split mode", "'8'")]
    [InlineData("--mode hybrid", "--mode", "split, cloud, device or handoff", "'hybrid'")]
    [InlineData("--mode handoff --split 8", "--split", "0 to 7 of 8 layers in handoff mode", "'8'")]
    [InlineData("--handoff-tokens 5", "--handoff-tokens", "--mode handoff")]
    [InlineData("--mode handoff --handoff-kv some", "--handoff-kv", "auto, exact, tabq or none", "'some'")]
    [InlineData("--resplit-at 20", "--resplit-at", "N:ℓ", "'20'")]
    [InlineData("--resplit-at 20:2,20:3", "--resplit-at", "rising", "'20:2,20:3'")]
    [InlineData("--resplit-at 20:9", "--resplit-at", "0 to 8 layers", "'20:9'")]
    [InlineData("--relink-at 20", "--relink-at", "a number of tokens and a link", "'20'")]
    [InlineData("--link lan --relink-at 20:dsl", "--relink-at", "wifi, lte or lan", "'dsl'")]
    [InlineData("--relink-at 20:lan", "--relink-at", "a --link before it", "'lan'")]
    [InlineData("--split auto --mode cloud", "--mode", "--split auto, which chooses", "'cloud'")]
    [InlineData("--split auto --device-memory lots", "--device-memory", "512MB", "'lots'")]
    [InlineData("--split auto --device-memory-at 20", "--device-memory-at", "20:45MB", "'20'")]
    [InlineData("--split auto --max-rise 2", "--max-rise", "percentage", "'2'")]
    [InlineData("--device-memory 60MB", "--device-memory", "'60MB'", "--split auto beside it")]
    [InlineData("--front-bits 16,8", "--front-bits", "one of 16, 8, 4, 3, 2", "'16,8'")]
    [InlineData("--split auto --front-bits 16,5", "--front-bits", "some of 16, 8, 4, 3, 2", "'16,5'")]
    [InlineData("--cut-link-at 20:10", "--cut-link-at", "N below M", "'20:10'")]
    [InlineData("--fallback maybe", "--fallback", "device or none", "'maybe'")]
    [InlineData("--fallback-after 0", "--fallback-after", "0.001 to 3600", "'0'")]
    [InlineData("--temperature -0.1", "--temperature", "'-0.1'")]
    [InlineData("--temperature 1e39", "--temperature", "at least 0", "'1e39'")]
    [InlineData("--top-p 1e-50", "--top-p", "above 0", "'1e-50'")]
    [InlineData("--split auto --device-memory 0MB", "--device-memory", "above 0", "'0MB'")]
    [InlineData("--deadline 0", "--deadline", "above 0", "'0'")]
    [InlineData("--link measured:nofile", "--link", "no such file 'nofile'", "Correct the path")]
    [InlineData("--compression none --klt", "--klt", "--compression rd beside it", "--compression none")]
    [InlineData("--temperature nan", "--temperature", "'nan'")]
    [InlineData("--temperature 0,8", "--temperature", "'0,8'")]
    [InlineData("--top-k -1", "--top-k", "'-1'")]
    [InlineData("--top-p 0", "--top-p", "above 0", "'0'")]
    [InlineData("--top-p 1.01", "--top-p", "'1.01'")]
    [InlineData("--min-p 2", "--min-p", "'2'")]
    [InlineData("--repetition-penalty 0", "--repetition-penalty", "'0'")]
    [InlineData("--seed -1", "--seed", "'-1'")]
    [InlineData("--compression zip", "--compression", "rd, tabq or none", "'zip'")]
    [InlineData("--quality 2%", "--quality", "0.1%, 0.5%, 1%, 3%", "'2%'")]
    [InlineData("--compression none --quality 1%", "--quality", "--compression rd", "'1%'")]
    [InlineData("--threshold 3rms --quality 1%", "--quality", "without settings", "'1%'")]
    [InlineData("--compression rd --bits-max 4", "--bits-max", "--compression tabq", "'4'")]
    [InlineData("--compression tabq --klt", "--klt", "--compression rd")]
    [InlineData("--share-prompt-tokens", "--share-prompt-tokens", "--prediction")]
    [InlineData("--threshold 0", "--threshold", "3rms", "'0'")]
    [InlineData("--threshold rms", "--threshold", "'rms'")]
    [InlineData("--tolerance -1", "--tolerance", "'-1'")]
    [InlineData("--bits-max 9", "--bits-max", "2 to 8", "'9'")]
    [InlineData("--bits-max 1", "--bits-max", "2 to 8", "'1'")]
    [InlineData("--bits-max 3 --bits-min 4", "--bits-min", "2 to 3", "'4'")]
    [InlineData("--kv-bits 5", "--kv-bits", "one of 32, 16, 8, 4", "'5'")]
    [InlineData("--workers 0", "--workers", "'0'")]
    [InlineData("--stop-worker-at 5 --workers 1", "--workers", "2 to", "'1'")]
    [InlineData("--stop-worker-at 5 --mode device", "--stop-worker-at", "device mode")]
    [InlineData("--link dsl", "--link", "wifi, lte or lan", "'dsl'")]
    [InlineData("--link wifi --mode device", "--link", "device mode", "'wifi'")]
    [InlineData("--link rayleigh:bw=10MHz", "--link", "snr=", "'bw=10MHz'")]
    [InlineData("--link rayleigh:bw=10,snr=10", "--link, bw", "10MHz", "'10'")]
    [InlineData("--link bandwidth=5Mbit", "--link", "rtt=", "20ms")]
    [InlineData("--link bandwidth=5Mbit,rtt=20", "--link, rtt", "20ms", "'20'")]
    [InlineData("--link bandwidth=5Mbit,rtt=20ms,loss=100%", "--link, loss", "up to 99%", "'100%'")]
    [InlineData("--link bandwidth=5Mbit,rtt=20ms,jitter=1ms", "--link", "bandwidth, down, rtt, loss, seed", "'jitter=1ms'")]
    [InlineData("--deadline 0ms", "--deadline", "50ms/token", "'0ms'")]
    [InlineData("--deadline 50", "--deadline", "50ms/token", "'50'")]
    [InlineData("--model=", "--model", "argument missing")]
    [InlineData("--config nowhere.conf", "--config", "'nowhere.conf'")]
    [InlineData("--quiet=perhaps", "'perhaps'")]
    [InlineData("--frob", "'--frob'", "splitactors run --help")]
    [InlineData("upon a time", "'upon'", "quotes", "splitactors run --help")]
    public async Task Run_WrongOption_NamesIt(string options, params string[] named)
    {
        var result = await SplitActorsProcess.RunAsync(["run", "Once", .. options.Split(' ')]);

        result.Refused(ExitCode.Options, named);
    }

    [Theory]
    [InlineData("--model")]
    [InlineData("--config")]
    [InlineData("--max-tokens")]
    public async Task Run_EmptyValue_NamesOption(string option)
    {
        (await SplitActorsProcess.RunAsync("run", "Once", option, "")).Refused(ExitCode.Options, option, "''");
    }

    [Theory]
    [InlineData("run --jsn", "'--jsn'", "after --")]
    [InlineData("frob", "'frob'", "splitactors --help")]
    [InlineData("--frob", "'--frob'", "splitactors --help")]
    [InlineData("model a b", "'b'", "splitactors model --help")]
    public async Task AnyCommand_Unknown_NamesIt(string commandLine, params string[] named)
    {
        var result = await SplitActorsProcess.RunAsync(commandLine.Split(' '));

        result.Refused(ExitCode.Options, named);
    }

    [Theory]
    [InlineData("--split 0", "cloud", 0)]
    [InlineData("--split 8", "device", 8)]
    [InlineData("--split 1", "split", 1)]
    [InlineData("--mode split", "split", 4)]
    [InlineData("--mode cloud --split 0", "cloud", 0)]
    [InlineData("--mode device", "device", 8)]
    public async Task Run_ModeAndSplit_CompleteEachOther(string options, string mode, int split)
    {
        var result = await SplitActorsProcess.RunAsync(["run", "Once", "--max-tokens", "1", "--json", .. options.Split(' ')]);

        var plan = result.Succeeded().JsonLines[0];
        Assert.Equal(mode, plan["mode"]!.GetValue<string>());
        Assert.Equal(split, plan["split_layer"]!.GetValue<int>());
    }
}
