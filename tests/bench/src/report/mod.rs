//! The report: a page with tables, and two plots, made of the results alone, so that it can be made again.
//!
//! - `page`: the whole, and the notes that people write beside it
//! - `targets`: what is promised, and whether it holds
//! - `broadcasts`, `rates`, `listeners`, `publishing`, `cost`, `profiles`: the tables
//! - `plot`: the plots
//! - `median`, `number`, `table`: what all of them need

mod broadcasts;
mod cost;
mod listeners;
mod median;
mod number;
mod page;
mod plot;
mod profiles;
mod publishing;
mod rates;
#[cfg(test)]
mod sample;
mod table;
mod targets;

use std::{fs, path::Path};

use anyhow::Context;

use crate::results::Results;

pub(crate) const PAGE: &str = "bench.md";
const NOTES: &str = "bench-notes.md";
const LATENCY: &str = "latency.svg";
const THROUGHPUT: &str = "throughput.svg";

/// Writes the page and the plots into a folder, where notes may lie already.
pub(crate) fn write(results: &Results, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let notes = fs::read_to_string(folder.join(NOTES)).unwrap_or_default();
    for (name, text) in [
        (PAGE, page::page(results, &notes)),
        (LATENCY, plot::latency(results)?),
        (THROUGHPUT, plot::throughput(results)?),
    ] {
        fs::write(folder.join(name), text).with_context(|| format!("{name} cannot be written"))?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_made_again_of_the_results_and_the_notes() {
        let folder = tempfile::tempdir().unwrap();
        sample::results().write(folder.path()).unwrap();
        let results = Results::read(folder.path()).unwrap();
        assert_eq!(results, sample::results());
        fs::write(folder.path().join(NOTES), "What bounds it is the kernel.").unwrap();
        write(&results, folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(read(PAGE).ends_with("What bounds it is the kernel.\n"));
        for plot in [LATENCY, THROUGHPUT] {
            assert!(read(PAGE).contains(plot));
            for text in ["<svg", "hub", "Nchan", "</svg>"] {
                assert!(read(plot).contains(text), "{text} in {plot}");
            }
        }
    }
}
