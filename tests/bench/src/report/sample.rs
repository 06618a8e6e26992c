//! Results as a run might have them, for tests.

use crate::{
    course::{Busy, Memory},
    load::{Quantiles, Report},
    machine::Machine,
    perf::Share,
    plan::Plan,
    results::{Cost, Eviction, Idle, Joins, Load, Profile, Results, Start},
    server::Server,
    task::{Mix, Task},
};

const MB: u64 = 1_000_000;

/// One round; publishing alone is missing.
pub(super) fn results() -> Results {
    let plan = Plan { rounds: 1, ..Plan::full() };
    let mut results = Results::new(machine(), plan.clone());
    for mix in Mix::ALL {
        let task = plan.broadcast(mix);
        results.loads.push(load(Server::Hub, task, [60.0, 140.0, 150.0], 0.0));
        results.loads.push(load(Server::Nchan, task, [24.0, 55.0, 60.0], 0.0));
    }
    for listeners in plan.sizes.iter().copied() {
        let last = f64::from(listeners) / 25.0;
        results.loads.push(load(Server::Hub, plan.size(listeners), [last / 4.0, last * 0.9, last], 0.0));
        let last = f64::from(listeners) / 61.5;
        results.loads.push(load(Server::Nchan, plan.size(listeners), [30.0, 60.0, last], 0.0));
    }
    for per_second in plan.rates.iter().copied() {
        let offered = f64::from(per_second * plan.listeners);
        results.loads.push(load(Server::Hub, plan.rate(per_second), [46.0, 90.0, 95.0], offered.min(520_000.0)));
        results.loads.push(load(Server::Nchan, plan.rate(per_second), [2.0, 12.0, 15.0], offered.min(235_000.0)));
    }
    results.loads.push(load(Server::Hub, plan.sustained(), [46.0, 90.0, 95.0], 500_000.0));
    results.loads.push(load(Server::Nchan, plan.sustained(), [900.0, 2_000.0, 2_100.0], 200_000.0));
    results.loads.push(load(Server::Nchan, plan.flat_out(), [900.0, 2_000.0, 2_100.0], 250_000.0));
    results.idle = vec![
        Idle { round: 1, on: Server::HubStreams, listeners: 2_000, before: 100 * MB, after: 250 * MB },
        Idle { round: 1, on: Server::Nchan, listeners: 2_000, before: 10 * MB, after: 20 * MB },
    ];
    let eviction =
        |silence_seconds, was_evicted| Eviction { round: 1, silence_seconds, listeners: 20, was_evicted, heard: 20 };
    results.evictions = vec![eviction(11, false), eviction(12, true), eviction(13, true)];
    let on = Server::Hub;
    results.starts =
        vec![Start { round: 1, on, answer_ms: 200.0, event_ms: 220.0, new_channel_ms: 5.0, known_channel_ms: 1.0 }];
    results.costs =
        vec![Cost { round: 1, on, listeners: 1_000, per_second: 10, deliveries: 50_000, processor_seconds: 2.0 }];
    let joins = |present, join_processor_seconds| Joins {
        round: 1,
        mix: Mix::Single,
        present,
        joining: 1_000,
        join_seconds: 2.0,
        join_processor_seconds,
        leave_processor_seconds: 0.1,
    };
    results.joins = vec![joins(0, 0.4), joins(7_000, 0.5)];
    let share = |percent, object: &str, function: &str| Share {
        percent,
        object: object.to_owned(),
        function: function.to_owned(),
    };
    results.profiles = vec![Profile {
        what: "2 messages/s to 3600 listeners of one channel".to_owned(),
        shares: vec![share(60.0, "workerd", ""), share(25.0, "[JIT]", ""), share(12.5, "workerd", "writev")],
    }];
    results
}

fn machine() -> Machine {
    Machine {
        date: "2026-11-21".to_owned(),
        processor: "AMD EPYC".to_owned(),
        processors: 2,
        memory_gb: 24,
        kernel: "6.1".to_owned(),
        workerd: "workerd 2026-11-17".to_owned(),
        peer: Some("nginx/1.22.1, Nchan 1.3.6".to_owned()),
        are_divided: true,
        command: "npm run bench".to_owned(),
        hub: "workerd serve".to_owned(),
        peer_config: Some("worker_processes 1;\n".to_owned()),
    }
}

fn load(on: Server, task: Task, [p50, p99, last]: [f64; 3], deliveries_per_second: f64) -> Load {
    let quantiles = |p50, p99| Quantiles { p50: Some(p50), p90: Some(p99), p99: Some(p99), max: Some(p99) };
    let report = Report {
        listeners: 1_000,
        connected: 1_000,
        connect_seconds: 1.0,
        reconnects: 0,
        published: 10_000,
        publish_errors: 0,
        publish_seconds: 20.0,
        publishes_per_second: 500.0,
        publish_latency_ms: quantiles(1.0, 3.0),
        expected: 10_000_000,
        delivered: 10_000_000,
        lost: 0,
        doubled: 0,
        out_of_order: 0,
        deliveries_per_second,
        latency_ms: quantiles(p50, p99),
        last_listener_ms: quantiles(last, last),
    };
    let memory = Memory { start: 300 * MB, middle: 310 * MB, end: 320 * MB, most: 330 * MB };
    let busy = Busy { server: 0.9, generator: 0.5 };
    Load { round: 1, on, task, report, memory, busy, processor_seconds: 10.0 }
}
