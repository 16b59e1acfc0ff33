//! What is refused of `items.json`, and how that is said.

use serde_json::{Value, json};

use super::*;

/// What becomes of the shipped items when their table is changed.
fn with(change: impl Fn(&mut Value)) -> Result<(), String> {
    let assets = Assets::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")).expect("assets");
    let (table, weights) =
        (assets.take("house/items.json").expect("it"), assets.take("house/items.safetensors").expect("it"));
    let mut changed: Value = serde_json::from_slice(&table.bytes).expect("JSON");
    change(&mut changed);
    let changed = serde_json::to_vec(&changed).expect("JSON");
    read(&changed, &table.path, &weights.bytes, &weights.path).map(drop).map_err(|error| error.to_string())
}

/// The same with one source of a kind's first layer under another name.
fn source(kind: &str, from: &str, to: &str) -> Result<(), String> {
    with(|table| {
        let inputs = table["kinds"][kind]["layers"][0]["inputs"].as_array_mut().expect("inputs");
        let input = inputs.iter_mut().find(|input| input["source"] == from).expect("the source");
        input["source"] = json!(to);
    })
}

#[test]
fn a_source_that_a_surface_does_not_say_is_refused() {
    assert_eq!(with(|_| ()), Ok(()), "what is shipped is taken");
    // Horns have a disc, a crown a cone, wings wings.
    for (kind, from, to, fix) in [
        ("horns", "0.x", "0.gap", "of kind disc, which has x, z; take one"),
        ("horns", "0.x", "0.back.h", "of kind disc, which has x, z; take one"),
        ("crown", "0.gap", "0.side", "of kind cone, which has front.theta, front.h, back.theta, back.h, gap; take one"),
        ("wings", "0.h", "0.z", "of kind wings, which has along, h, side; take one"),
        ("horns", "0.x", "1.x", "source 1.x needs surface 1, the chart has 1"),
        ("horns", "0.x", "0.width", "there is no source called 0.width"),
        ("sword", "u", "0.x", "source 0.x needs surface 0, the chart has 0"),
    ] {
        let said = source(kind, from, to).expect_err(to);
        assert!(said.contains(&format!("{kind}.")) && said.contains(fix), "{said}");
    }
    assert_eq!(source("horns", "0.x", "0.z"), Ok(()), "the other thing that a disc says");
}

#[test]
fn a_network_without_weights_is_refused() {
    let said = with(|table| {
        let layer = &mut table["kinds"]["sword"]["layers"][0];
        let mut input = layer["inputs"][0].clone();
        (input["identity"], input["octaves"]) = (json!(true), json!(0));
        layer["inputs"] = json!([input, input, input, input]);
        layer["layers"] = json!([4]);
    });
    let said = said.expect_err("four inputs that are the outputs");
    assert!(said.contains("sword.sword: the network must go from 4 inputs to 4 outputs, as [4, 4]"), "{said}");
}
