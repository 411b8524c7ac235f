namespace SplitActors.Inference;

/// <summary>What a user gave that cannot be used. Hosts map each kind to a documented exit code.</summary>
public enum UserErrorKind
{
    /// <summary>An option, its value, or a combination of options.</summary>
    Options,

    /// <summary>A checkpoint folder: missing, damaged, or of a kind that is not supported.</summary>
    Checkpoint,

    /// <summary>The prompt: empty, not UTF-8, or longer than the context.</summary>
    Prompt,

    /// <summary>The place where the output should go.</summary>
    Output,

    /// <summary>More memory than there is.</summary>
    Memory,

    /// <summary>A cluster that is out of reach, or that refuses this node.</summary>
    Cluster,
}

/// <summary>
/// A mistake that a user can mend. The message is one sentence that names the place (a file, and the field in it),
/// what was expected and what was found, followed by the next step.
/// </summary>
public sealed class UserErrorException : Exception
{
    private readonly string _expected;
    private readonly string _found;

    public UserErrorException(UserErrorKind kind, string place, string expected, string found, string nextStep, Exception? cause = null)
        : base($"{place}: expected {expected}, found {found}. {nextStep}", cause)
    {
        (Kind, Place) = (kind, place);
        (_expected, _found) = (expected, found);
    }

    public UserErrorKind Kind { get; }

    /// <summary>The file and the field in it, or the option, that the message is about.</summary>
    public string Place { get; }

    /// <summary>The same mistake, where something else is to be done about it.</summary>
    public UserErrorException WithNextStep(string nextStep) => new(Kind, Place, _expected, _found, nextStep, this);
}
