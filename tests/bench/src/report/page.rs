//! The page: machine, targets, tables, plots, and the notes that people write.

use crate::{
    report::{NOTES, broadcasts, cost, listeners, profiles, publishing, rates, targets},
    results::Results,
};

/// The whole report.
pub(super) fn page(results: &Results, notes: &str) -> String {
    let sections = [
        head(results),
        targets::section(results),
        broadcasts::section(results),
        rates::section(results),
        listeners::section(results),
        publishing::section(results),
        cost::section(results),
        profiles::section(results),
        how(results),
        failures(results),
        self::notes(notes),
    ];
    sections
        .iter()
        .filter(|section| !section.is_empty())
        .map(|section| format!("{}\n", section.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let peer = machine.peer.as_ref().map_or_else(
        || "nginx with Nchan was not there: the hub was measured alone.".to_owned(),
        |versions| format!("Beside it, as the peer, {versions}, with one worker process."),
    );
    let divided = if machine.are_divided {
        "The server has one processor to itself, and the load generator another."
    } else {
        "The server and the load generator share the processors."
    };
    format!(
        "# Benchmark\n\n\
         `{command}` measured this on {date}, and wrote this page, the plots and [`bench.json`](bench.json), which has each \
         round by itself. The hub ran as self-hosters run it. {peer} Both had the same work, in turns, each time in a \
         fresh process with empty storage. Where a crowd listens to one channel or to pairs, the channel is in use when it comes: it \
         had twenty messages, for which the hub reaches all but the first hundred by stream legs. The figures are medians over \
         the rounds, {rounds} of them.\n\n\
         Machine: {processor}, {processors} processors, {memory} GB of memory, Linux {kernel}, {workerd}. {divided}\n",
        command = machine.command,
        date = machine.date,
        rounds = results.plan.rounds,
        processor = machine.processor,
        processors = machine.processors,
        memory = machine.memory_gb,
        kernel = machine.kernel,
        workerd = machine.workerd,
    )
}

/// What was run, to be run again by hand.
fn how(results: &Results) -> String {
    let machine = &results.machine;
    let mut tasks: Vec<String> = Vec::new();
    for load in &results.loads {
        let line = format!("cyclone load {}", load.task.options().join(" "));
        if !tasks.contains(&line) {
            tasks.push(line);
        }
    }
    let config = machine.peer_config.as_ref().map_or_else(String::new, |config| {
        format!(
            "\nThe peer, as `nginx -c FILE`; `cyclone load` has `--subscribe-url http://127.0.0.1:PORT/sub/{{channels}} \
             --publish-url http://127.0.0.1:PORT/pub/{{channel}} --publish-body {{message}}` for it. It keeps ten messages of \
             each channel in memory and nothing on disk.\n\n```nginx\n{config}```\n"
        )
    });
    format!(
        "## What was run\n\n\
         The hub, in the project's folder, with `PUBLISH_KEY` in its environment; where legs are forced, with `LEGS=socket` \
         or `LEGS=stream`; and `KEEPALIVE_SECONDS=300` where memory or processor time is measured without `cyclone load`:\n\n\
         ```sh\n{hub}\n```\n\n\
         The load, with `--url`:\n\n```sh\n{tasks}\n```\n{config}",
        hub = machine.hub,
        tasks = tasks.join("\n"),
    )
}

fn failures(results: &Results) -> String {
    if results.failures.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = results.failures.iter().map(|failure| format!("- {failure}")).collect();
    format!("## What failed\n\n{}\n", lines.join("\n"))
}

fn notes(notes: &str) -> String {
    if notes.trim().is_empty() {
        return String::new();
    }
    format!("## Notes\n\nBy hand, from [`{NOTES}`]({NOTES}).\n\n{}\n", notes.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    #[test]
    fn the_page_has_what_was_measured_beside_the_targets() {
        let page = page(&results(), "The kernel takes most of it.\n");
        for line in [
            "# Benchmark",
            "`npm run bench` measured this on 2026-11-21, and wrote this page",
            "Machine: AMD EPYC, 2 processors, 24 GB of memory, Linux 6.1, workerd 2026-11-17. The server has one processor",
            "| Broadcast to 3,600 listeners of two channels each: until the last has it | at most 170 ms | 150 ms | yes |",
            "| Publishes to one channel, durable, no listeners, 32 connections | at least 2,500 /s |  | not measured |",
            "| two channels each | hub | 60.0 | 140 | 150 | 2.50 x |",
            "| two channels each | Nchan | 24.0 | 55.0 | 60.0 | 1.00 x |",
            "| 8,000 | 80.0 | 320 | 30.0 | 130 | 2.46 x |",
            "| 500/s | hub | 500 | 500,000 | 2.50 x | 0 | 46.0 | 90.0 | 300, 310, 320 | 90.0, 50.0 |",
            "| 12 | 1 | 1 | 20 of 20 |",
            "cyclone load --listeners 3600 --mix classic --rate 2 --messages 10",
            "### 2 messages/s to 3600 listeners of one channel\n\n`workerd` 60.0 %, `[JIT]` 25.0 %.\n\n| function | of | % |",
            "| `writev` | workerd | 12.5 |",
            "The kernel takes most of it.",
        ] {
            assert!(page.contains(line), "{line} in {page}");
        }
        assert!(!page.contains("What failed") && !page.contains("\n\n\n"), "{page}");
    }

    #[test]
    fn a_page_without_a_peer_or_with_failures_says_so() {
        let mut results = results();
        results.machine.peer = None;
        results.failures.push("round 1: a start, hub: it does not listen".to_owned());
        let page = page(&results, "");
        assert!(page.contains("the hub was measured alone"));
        assert!(page.contains("- round 1: a start, hub: it does not listen"));
        assert!(!page.contains("## Notes"));
    }
}
