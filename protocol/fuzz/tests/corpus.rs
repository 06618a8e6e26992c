//! What fuzzing found, and what it began with, still holds: every input in `corpus/`, without libFuzzer.

use std::{collections::BTreeSet, fs, path::Path};

use fuzz::TARGETS;

#[test]
fn every_input_that_is_kept_holds() {
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        let mut count = 0;
        for input in fs::read_dir(&folder).unwrap() {
            let path = input.unwrap().path();
            // The test's output, shown when it fails, ends with the input that did.
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count >= 10, "{} holds {count} inputs", folder.display());
    }
}

#[test]
fn each_target_has_its_program_and_its_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    assert_eq!(stems(&programs), names);
    assert_eq!(stems(&corpus()), names);
    let manifest = include_str!("../Cargo.toml");
    let bins = manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|bin| bin.split('"').next());
    assert_eq!(bins.map(str::to_owned).collect::<BTreeSet<_>>(), names);
}

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn stems(folder: &Path) -> BTreeSet<String> {
    let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    fs::read_dir(folder).unwrap().map(|entry| stem(entry.unwrap())).collect()
}
