//! Where the hub spends its time.

use crate::{
    perf::Share,
    report::{number::number, table::Table},
    results::{Profile, Results},
};

/// How many functions are shown.
const SHOWN: usize = 12;
/// How much of a function's name, which may tell all about its types.
const NAME: usize = 80;

/// The tables of profiles; nothing where `perf` was not there.
pub(super) fn section(results: &Results) -> String {
    if results.profiles.is_empty() {
        return String::new();
    }
    let profiles: Vec<String> = results.profiles.iter().map(profile).collect();
    format!(
        "## Where the time goes\n\n\
         What `perf` finds the hub's process at, in percent of the time in which it runs. `[JIT]` is JavaScript and \
         WebAssembly, whose functions it cannot name.\n\n{}",
        profiles.join("\n")
    )
}

fn profile(profile: &Profile) -> String {
    let (functions, objects): (Vec<&Share>, Vec<&Share>) =
        profile.shares.iter().partition(|share| !share.function.is_empty());
    let objects: Vec<String> =
        objects.iter().map(|share| format!("`{}` {} %", share.object, number(Some(share.percent)))).collect();
    let mut table = Table::new(["function", "of"], ["%"]);
    for share in functions.iter().filter(|share| !share.function.starts_with("0x")).take(SHOWN) {
        let name: String = share.function.chars().take(NAME).collect();
        table.row([format!("`{name}`"), share.object.clone(), number(Some(share.percent))]);
    }
    format!("### {}\n\n{}.\n\n{table}", profile.what, objects.join(", "))
}
