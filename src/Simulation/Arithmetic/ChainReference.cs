using SplitActors.Inference.Sampling;

namespace SplitActors.Simulation.Arithmetic;

/// <summary>The text that a session gives where nothing goes wrong: token by token, each in the same time.</summary>
internal sealed class ChainReference
{
    private readonly SamplingOptions _sampling;
    private ulong _row = TokenChain.Start;
    private ulong _back = TokenChain.Start;
    private ulong _history = TokenChain.Start;
    private int _position;

    public ChainReference(IEnumerable<int> prompt, SamplingOptions sampling)
    {
        _sampling = sampling;
        foreach (var token in prompt)
            Append(token);
    }

    /// <summary>Goes on by a token.</summary>
    public int Next()
    {
        var token = TokenChain.Draw(_back, _sampling, _position, _history);
        _history = TokenChain.History(_history, token);
        Append(token);
        return token;
    }

    private void Append(int token)
    {
        _row = TokenChain.Front(_row, token, _position++);
        _back = TokenChain.Back(_back, _row);
    }
}
