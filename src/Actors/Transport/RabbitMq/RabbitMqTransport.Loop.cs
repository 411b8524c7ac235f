namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// The one loop that opens and gives up queues, publishes and probes, so that what an address sends after it was registered goes out once its queue is
/// there for the answers.
/// </summary>
public sealed partial class RabbitMqTransport
{
    private int _attemptCount; // since a connection last proved to be of use

    private async Task RunAsync(BrokerSession? session)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // out of the caller's context, which may be busy, or blocked
        while (session is not null)
        {
            var reason = await ServeAsync(session);
            await Task.Yield(); // from the client's own thread, which must end before the connection does
            if (_clock.GetElapsedTime(session.OpenedAt) > _options.ReconnectPauseMax)
                _attemptCount = 0;
            var lostAt = _clock.GetTimestamp();
            if (reason is not null)
                Disconnect(reason);
            await session.DisposeAsync();
            session = reason is null ? null : await ReconnectAsync(lostAt);
        }

        FailOutgoing(Closed);
    }

    /// <returns>Why the connection was lost; null if the transport is to stop.</returns>
    private async Task<string?> ServeAsync(BrokerSession session)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(session.Lost, _stopping.Token);
        try
        {
            while (true)
            {
                if (Interlocked.Exchange(ref _areAddressesDue, false))
                {
                    await CloseGivenUpAsync();
                    await OpenAddressesAsync(session);
                }

                await PublishAsync(session);
                await ProbeAsync(session);
                await _wake.Reader.ReadAsync(ending.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested && !session.Lost.IsCancellationRequested)
        {
            await DrainAsync(session);
            return null;
        }
        catch (Exception failure) // of whatever kind: without the loop nothing would be sent, nor anybody told
        {
            if (_stopping.IsCancellationRequested)
                return null;
            return session.Lost.IsCancellationRequested ? session.LossReason : BrokerFault.Describe(failure);
        }
    }

    private async Task CloseGivenUpAsync()
    {
        while (_givenUp.TryDequeue(out var local))
        {
            if (local.Consumer is { } consumer)
                await consumer.DisposeAsync();
            local.Consumer = null;
        }
    }

    private async Task OpenAddressesAsync(BrokerSession session)
    {
        foreach (var (_, local) in _addresses)
        {
            if (local.Consumer is { IsLost: true } lost)
            {
                local.Consumer = null;
                await lost.DisposeAsync();
                Fail(local, "its queue was deleted, or its channel closed");
            }
            else if (local.Consumer is null && local.RetryAt <= Now)
            {
                await OpenAsync(session, local);
            }
        }
    }

    private async Task OpenAsync(BrokerSession session, LocalAddress local)
    {
        try
        {
            local.Consumer = await session.ConsumeAsync(local.Address, (arrival, bytes) => OnArrived(local, arrival, bytes));
            if (local.FailureCount > 0)
                _report($"The address {local.Address} is open again.");
            (local.FailureCount, local.Failure) = (0, null);
        }
        catch (Exception failure) when (BrokerFault.IsRefusal(failure) && !session.Lost.IsCancellationRequested)
        {
            Fail(local, BrokerFault.Describe(failure));
        }
    }

    private void Fail(LocalAddress local, string reason)
    {
        if (local.FailureCount == 0)
            _report($"The address {local.Address} cannot receive: {reason}. Trying again.");
        local.Failure = reason;
        local.RetryAt = Now + ReconnectPause.Before(local.FailureCount++, _options, _random);
    }

    private async Task PublishAsync(BrokerSession session)
    {
        while (_outbox.TryTake(out var part))
        {
            var (from, to) = (part.Message.From, part.Message.To);
            if (_addresses.GetValueOrDefault(from) is { Consumer: null, FailureCount: 0 })
                await OpenAddressesAsync(session); // registered since the loop looked
            if (_addresses.GetValueOrDefault(from) is { Failure: { } failure, FailureCount: > 0 })
            {
                if (part.Header.Index == 0)
                    TellUndelivered(from, to, $"{from} cannot receive: {failure}");
                continue;
            }

            try
            {
                await session.PublishAsync(from, to, part.Header, part.Bytes);
            }
            catch (Exception failed) when (BrokerFault.IsExpected(failed) && part.IsLast)
            {
                TellUndelivered(from, to, "the broker was lost"); // of other parts the message waits still
                throw;
            }
        }
    }

    /// <summary>After a connection anew others may need as long to come back: only new watches are answered at once.</summary>
    private async Task ProbeAsync(BrokerSession session)
    {
        var isTick = Interlocked.Exchange(ref _isTickDue, false);
        var mayProbeAll = isTick && _clock.GetElapsedTime(session.OpenedAt) > _options.ProbePeriod;
        foreach (var (address, watcher) in _watches.TakeDue(Now, mayProbeAll))
            await session.PublishAsync(watcher, address, PartHeader.Probe, default);
        if (!isTick)
            return;
        _reader.DropOld(Now);
        foreach (var (_, local) in _addresses)
        {
            if (local.Consumer is { IsLost: false } consumer)
                await consumer.AcknowledgeAsync(session.Lost);
        }
    }

    private async Task DrainAsync(BrokerSession session)
    {
        try
        {
            await PublishAsync(session).WaitAsync(_options.DrainTimeMax, _clock);
        }
        catch (Exception failure) when (BrokerFault.IsExpected(failure))
        {
            FailOutgoing(Closed);
        }
    }

    /// <summary>Queues and consumers went with the connection.</summary>
    private void Disconnect(string reason)
    {
        Interlocked.Increment(ref _outageCount);
        _outage = "the broker is out of reach";
        _report($"The broker {_options} is lost: {reason}. Trying again.");
        FailOutgoing(_outage);
        _reader.Clear();
        foreach (var (_, local) in _addresses)
            (local.Consumer, local.RetryAt, local.FailureCount) = (null, TimeSpan.Zero, 0);
        Volatile.Write(ref _areAddressesDue, true);
    }

    /// <returns>Null if the transport is to stop.</returns>
    private async Task<BrokerSession?> ReconnectAsync(long lostAt)
    {
        try
        {
            while (true)
            {
                await Task.Delay(ReconnectPause.Before(_attemptCount++, _options, _random), _clock, _stopping.Token);
                if (await TryConnectAsync() is not { } session)
                    continue;
                _outage = null;
                _report($"The broker {_options} is back after {_clock.GetElapsedTime(lostAt).TotalSeconds:0.0} s.");
                return session;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<BrokerSession?> TryConnectAsync()
    {
        try
        {
            return await BrokerSession.OpenAsync(_options, _clock, OnReturned, _stopping.Token);
        }
        catch (Exception failure) when (BrokerFault.IsExpected(failure) && !_stopping.IsCancellationRequested)
        {
            return null; // reported when the outage began
        }
    }

    private void FailOutgoing(string reason)
    {
        foreach (var message in _outbox.Drain())
            TellUndelivered(message.From, message.To, reason);
    }
}
