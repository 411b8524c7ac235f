
namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>An address of this process. What is mutable belongs to the transport's loop.</summary>
internal sealed class LocalAddress(string address, Action<object> post)
{
    private volatile string? _failure = "its queue is not open yet";

    public string Address => address;

    public Action<object> Post => post;

    public AddressConsumer? Consumer { get; set; }

    /// <summary>Attempts to open its queue that failed, since it was open last.</summary>
    public int FailureCount { get; set; }

    public TimeSpan RetryAt { get; set; }

    /// <summary>Why it cannot receive now; null if it can.</summary>
    public string? Failure
    {
        get => _failure;
        set => _failure = value;
    }
}
