//! The networks as launches, run by emulation on the CPU, against what PyTorch computed when the model was exported.

use std::path::Path;

use half::f16;
use otherglass_kernels::{Device, Span};
use safetensors::{Dtype, SafeTensors};

use super::model::{Model, halves};
use super::*;
use crate::render::house::weights::Assets;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn floats(tensors: &SafeTensors, name: &str) -> Vec<f32> {
    let view = tensors.tensor(name).expect(name);
    match view.dtype() {
        Dtype::F32 => from_f32(view.data()),
        Dtype::F16 => from_f16(view.data()),
        other => panic!("{name} is {other:?}"),
    }
}

fn from_f32(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn from_f16(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
}

/// (channels, height, width) of f32 as pixels of padded f16, channels last.
fn pixels(planes: &[f32], channels: usize, stride: usize) -> Vec<f16> {
    let area = planes.len() / channels;
    let at = |i: usize, c: usize| if c < channels { f16::from_f32(planes[c * area + i]) } else { f16::ZERO };
    (0..area).flat_map(|i| (0..stride).map(move |c| (i, c))).map(|(i, c)| at(i, c)).collect()
}

fn read(device: &dyn Device, span: Span<u8>) -> Vec<u8> {
    let mut bytes = vec![0; span.len()];
    device.read(span, &mut bytes).expect("read");
    bytes
}

/// Activations of order one are rounded to f16 after each of up to 24 layers in a row, and rounding errors add up as
/// their squares do: 2^-12 * 5. What comes after has slopes up to 3 (gain), logits of order ten one of a quarter; and as
/// much again for what layers amplify.
const TOLERANCE: f32 = 0.01;

fn greatest_difference(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn the_networks_compute_what_pytorch_computed() {
    let device = match emulated::device() {
        Ok(device) => device,
        Err(reason) => return println!("skipped: the networks as launches: {reason}"),
    };
    let device = device.as_ref();
    let assets = Assets::open(&root().join("../assets")).expect("assets");
    let model = Model::load(device, &assets.take("house/weights.safetensors").expect("weights"), 0).expect("a model");
    let bytes = std::fs::read(root().join("training/reference/house.safetensors")).expect("reference");
    let reference = SafeTensors::deserialize(&bytes).expect("reference");

    let taken = model.painter.span(model.painter_tensors.inputs).bytes();
    let frame = pixels(&floats(&reference, "sense.frame"), 3, INPUT_STRIDE);
    device.write(taken, &halves(&frame)).expect("written");
    model.look.iter().try_for_each(|launch| device.launch(launch)).expect("sense runs");
    let points = from_f32(&read(device, model.seen.points.bytes()));
    let want = floats(&reference, "sense.points");
    for (k, (got, want)) in points.chunks_exact(4).zip(want.chunks_exact(4)).enumerate() {
        // Presence is a logit of order ten; the others are in picture units.
        let allowed = [TOLERANCE, TOLERANCE, 10.0 * TOLERANCE, TOLERANCE];
        assert!((0..4).all(|i| (got[i] - want[i]).abs() < allowed[i]), "point {k} is {got:?}, not {want:?}");
    }
    let worst =
        greatest_difference(&from_f16(&read(device, model.seen.pose.bytes())), &floats(&reference, "sense.pose"));
    assert!(worst < TOLERANCE, "the pose is {worst} off");
    println!("points: {} off, pose: {worst} off", greatest_difference(&points, &want));

    // Probabilities, where the painter takes them: (48 * 64, 16) with 9 channels that count.
    let parts = model.painter.span(model.painter_tensors.parts).bytes();
    let seen = from_f16(&read(device, parts));
    assert!(seen.chunks_exact(16).all(|pixel| pixel[PARTS..].iter().all(|&value| value == 0.0)), "padding is zero");
    let area = seen.len() / 16;
    let planes: Vec<f32> =
        (0..PARTS).flat_map(|c| (0..area).map(move |i| (i, c))).map(|(i, c)| seen[i * 16 + c]).collect();
    let worst = greatest_difference(&planes, &floats(&reference, "sense.parts"));
    assert!(worst < TOLERANCE, "parts are {worst} off");
    println!("parts: {worst} off");

    let mut inputs = pixels(&floats(&reference, "painter.inputs"), PAINT_INPUTS, INPUT_STRIDE);
    inputs.iter_mut().skip(LEVEL).step_by(INPUT_STRIDE).for_each(|level| *level = f16::ONE);
    device.write(taken, &halves(&inputs)).expect("written");
    let want = floats(&reference, "painter.maps");
    let maps = || {
        model.painter.launch(device).expect("painter runs");
        let raw = from_f16(&read(device, model.painter.span(model.painter_tensors.raw).bytes()));
        greatest_difference(&every_eighth(&raw, want.len()), &want)
    };
    let worst = maps();
    assert!(worst < TOLERANCE, "maps are {worst} off");
    println!("maps: {worst} off");
    // Other body parts must make other maps.
    device.fill(parts, 0).expect("written");
    assert!(maps() > TOLERANCE, "the control stayed green");
}

/// Every eighth pixel of the maps, brought into their ranges as `decode` does.
fn every_eighth(raw: &[f32], count: usize) -> Vec<f32> {
    let value = |i: usize| {
        let (x, y, plane) = (i % 32 * 8, i / 32 % 24 * 8, i / (32 * 24));
        let value = raw[(y / 2 * (PAINT.0 / 2) + x / 2) * PAINT_OUTPUTS * 4 + plane * 4 + y % 2 * 2 + x % 2];
        match plane {
            0 => sigmoid(value),
            1 => sigmoid(value + 2.0),
            2..5 | 11..14 => 0.25 * value.tanh(),
            5..8 => value.tanh().exp2(),
            _ => (1.5 * value.tanh()).exp2(),
        }
    };
    (0..count).map(value).collect()
}

#[test]
fn a_frame_is_planned() {
    let table = |model| plan_table(&root().join("../assets"), (640, 480), model);
    println!("{}", table(PAINT).expect("plan"));
    assert!(table((512, 384)).expect("plan").contains("model 512x384"));
    assert!(table((500, 384)).is_err(), "not a multiple of 32");
    let catalogue = Catalogue::default();
    let plan = plan((640, 480), Format::Yuyv, PAINT, &catalogue, &Facts::assumed()).expect("plan");
    assert!(plan.steps.len() < 110, "few launches: {}", plan.steps.len());
    assert!(plan.arena_bytes * 3 < plan.unshared_bytes * 2, "activations share memory");
    assert!((1e8..1e10).contains(&(plan.work().flops as f64)));
}
