//! The committed binaries belong to the committed sources, and no kernel spills registers.

use std::path::{Path, PathBuf};

use otherglass_kernels::check::catalogue;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sha256(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files below a folder with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|end| endings.iter().any(|ending| end == *ending)) {
            found.push(path);
        }
    }
    found
}

fn assert_hashes(section: &Value, folder: &Path, endings: &[&str]) {
    let listed = section.as_table().expect("a section");
    let found = files(folder, endings);
    assert_eq!(listed.len(), found.len(), "files in {} and in the manifest; {AGAIN}", folder.display());
    for path in found {
        let name = path.strip_prefix(folder).expect("inside").to_string_lossy().replace('\\', "/");
        let expected = listed.get(&name).and_then(Value::as_str);
        assert_eq!(expected, Some(sha256(&path).as_str()), "{name} is not what the manifest says; {AGAIN}");
    }
}

const AGAIN: &str = "compile again: python3 kernels/build_fatbin.py";

#[test]
fn binaries_belong_to_the_sources() {
    let assets = root().join("assets/kernels");
    let manifest = table(&assets.join("manifest.toml"));
    assert_hashes(&manifest["sources"], &root().join("kernels/src"), &["cu", "cuh"]);
    assert_hashes(&manifest["binaries"], &assets, &["fatbin"]);
}

#[test]
fn every_function_is_compiled_for_every_target_without_spills() {
    let manifest = table(&root().join("assets/kernels/manifest.toml"));
    let resources = table(&root().join("kernels/resources.toml"));
    let targets: Vec<&str> = manifest["targets"].as_array().expect("list").iter().filter_map(Value::as_str).collect();
    assert!(targets.len() >= 6, "{targets:?}");
    let mut known = 0;
    for (_, fatbin, functions) in catalogue() {
        for function in functions {
            known += 1;
            for target in &targets {
                let numbers = &resources[fatbin][*function][*target];
                let number = |name: &str| numbers[name].as_integer().expect("a number");
                assert_eq!(number("spill_bytes"), 0, "{function} spills on {target}");
                assert_eq!(number("stack_bytes"), 0, "{function} uses the stack on {target}");
                assert!((1..=255).contains(&number("registers")), "{function} on {target}");
            }
        }
    }
    let compiled: usize = resources.values().filter_map(Value::as_table).map(Table::len).sum();
    assert_eq!(compiled, known, "functions compiled and functions that launchers know");
}
