using SplitActors.Hosts.Brokers;

namespace SplitActors.Tests.Shared;

/// <summary>A test that needs a RabbitMQ broker; skipped, and reported as such, where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerFactAttribute : FactAttribute
{
    public BrokerFactAttribute()
    {
        if (PrivateBroker.Executable is null)
            Skip = "There is no rabbitmq-server here. On Debian: apt-get install --no-install-recommends rabbitmq-server";
    }
}
