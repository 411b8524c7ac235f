using SplitActors.Actors;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Simulation.Cluster;

/// <summary>Crashes and restarts, partitions, slow nodes, and sessions that are sent elsewhere.</summary>
public sealed partial class ClusterSimulation
{
    private sealed class Disturbances(ClusterSimulation cluster, SplitMix64 random)
    {
        private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
        private bool _isOver;

        private ClusterFaults Faults => cluster._options.Faults;

        /// <summary>How often each happened.</summary>
        public IReadOnlyDictionary<string, int> Counts => _counts;

        public void Start()
        {
            Repeat("worker crashes", Faults.WorkerCrashEvery, CrashWorker);
            Repeat("worker drains", Faults.WorkerDrainEvery, DrainWorker);
            Repeat("scheduler crashes", Faults.SchedulerCrashEvery, CrashScheduler);
            Repeat("scheduler takeovers", Faults.SchedulerTakeoverEvery, TakeOverScheduler);
            Repeat("worker replacements", Faults.WorkerReplacedEvery, ReplaceWorker);
            Repeat("frozen workers", Faults.FreezeEvery, FreezeWorker);
            Repeat("second schedulers", Faults.TwoSchedulersEvery, SplitSchedulers);
            Repeat("evictions", Faults.MemoryPressureEvery, Evict);
            Repeat("device crashes", Faults.DeviceCrashEvery, CrashDevice);
            Repeat("partitions", Faults.PartitionEvery, Partition);
            Repeat("slow phases", Faults.SlowEvery, SlowDown);
            Repeat("moves", Faults.MoveEvery, Move);
        }

        /// <summary>No more of them; what is down or cut off comes back in its time.</summary>
        public void End() => _isOver = true;

        /// <summary>Intervals are uniform from 0 to twice the mean.</summary>
        private void Repeat(string name, TimeSpan? every, Func<bool> disturb)
        {
            if (every is not { } mean)
                return;
            cluster.After(2 * random.NextFraction() * mean, () =>
            {
                if (_isOver)
                    return;
                if (disturb())
                    _counts[name] = _counts.GetValueOrDefault(name) + 1;
                Repeat(name, every, disturb);
            });
        }

        private bool CrashWorker() => StopWorker(Downtime);

        private bool ReplaceWorker() => StopWorker(() => TimeSpan.FromMilliseconds(1));

        private bool StopWorker(Func<TimeSpan> downtime)
        {
            var number = random.Next(cluster._workers.Count);
            var worker = cluster._workers[number];
            if (worker.Actor is not { } actor)
                return false;
            actor.Stop();
            worker.Actor = null;
            cluster.After(downtime(), () => cluster.StartWorker(number));
            return true;
        }

        private bool FreezeWorker()
        {
            if (cluster._workers[random.Next(cluster._workers.Count)].Actor is not { } actor)
                return false;
            actor.Freeze();
            cluster.After(random.NextFraction() * Faults.FreezeMax, actor.Thaw);
            return true;
        }

        private bool SplitSchedulers()
        {
            if (cluster._second is not null)
                return false;
            cluster.StartSecondScheduler(random.Next());
            cluster.After(Downtime(), cluster.StopSecondScheduler);
            return true;
        }

        /// <summary>The others stay, unless they are down.</summary>
        private bool DrainWorker()
        {
            var number = random.Next(cluster._workers.Count);
            var worker = cluster._workers[number];
            if (worker.Actor is not { } actor || worker.IsLeaving)
                return false;
            worker.IsLeaving = true;
            actor.Post(new Leave(() =>
            {
                if (worker.Actor != actor)
                    return; // it crashed meanwhile
                worker.Actor = null;
                cluster.After(Downtime(), () => cluster.StartWorker(number));
            }));
            return true;
        }

        private bool CrashScheduler() => StopScheduler(Downtime);

        /// <summary>It gets the address as soon as the other has given it up: there are never two.</summary>
        private bool TakeOverScheduler() => StopScheduler(() => TimeSpan.FromMilliseconds(1));

        private bool StopScheduler(Func<TimeSpan> downtime)
        {
            if (cluster._scheduler is not { } scheduler)
                return false;
            scheduler.Stop();
            cluster._scheduler = null;
            cluster.After(downtime(), cluster.StartScheduler);
            return true;
        }

        private bool Evict()
        {
            var worker = cluster._workers[random.Next(cluster._workers.Count)];
            if (worker.Actor is not { } actor || worker.Record.State is not { Sessions.Count: > 0 } state)
                return false;
            var sessions = state.Sessions.OrderBy(session => session.Key).ToList();
            var (id, session) = sessions[random.Next(sessions.Count)];
            actor.Post(new Received(session.Edge, new CloseSession { SessionId = id.Session.Value, Epoch = session.Epoch }));
            return true;
        }

        private bool CrashDevice()
        {
            var device = cluster._devices[random.Next(cluster._devices.Count)];
            if (device.Session is not { } session)
                return false;
            session.IsCrashed = true;
            cluster._tally.CrashedCount++;
            device.Actor!.Stop();
            cluster.EndSession(device);
            return true;
        }

        private bool Partition()
        {
            var address = AnyAddress();
            cluster._faults.Isolate(address);
            cluster.After(random.NextFraction() * Faults.PartitionMax, () => cluster._faults.Rejoin(address));
            return true;
        }

        private string AnyAddress()
        {
            var device = cluster._devices[random.Next(cluster._devices.Count)];
            return random.Next(8) switch
            {
                0 => SchedulerAddress,
                < 4 when device.Session is { } session => session.Address,
                _ => cluster._workers[random.Next(cluster._workers.Count)].Address,
            };
        }

        private bool SlowDown()
        {
            var slowdown = 1 + (random.NextFraction() * (Faults.SlowdownMax - 1));
            var span = random.NextFraction() * Faults.SlowMax;
            if (random.Next(2) == 0)
            {
                var record = cluster._workers[random.Next(cluster._workers.Count)].Record;
                record.Slowdown = slowdown;
                cluster.After(span, () => record.Slowdown = 1);
            }
            else
            {
                var device = cluster._devices[random.Next(cluster._devices.Count)];
                device.Slowdown = slowdown;
                cluster.After(span, () => device.Slowdown = 1);
            }

            return true;
        }

        private bool Move()
        {
            var device = cluster._devices[random.Next(cluster._devices.Count)];
            if (device.Session is not { } session || cluster._scheduler is not { } scheduler)
                return false;
            var plans = cluster._options.MovePlans;
            scheduler.Post(new MoveSession(SessionKey.Of(session.Address, device.SessionId.Value), plans[random.Next(plans.Count)], "the simulation wants it"));
            return true;
        }

        /// <summary>At least so long that what has stopped gave its address up.</summary>
        private TimeSpan Downtime() => TimeSpan.FromMilliseconds(1) + (random.NextFraction() * Faults.DowntimeMax);
    }
}
