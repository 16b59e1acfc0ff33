//! The networks as launches, run by emulation on the CPU, against what PyTorch computed when the model was exported.

use std::path::Path;

use half::f16;
use otherglass_kernels::emulated::compile;
use otherglass_kernels::linear::LinearBuffers;
use otherglass_kernels::net::Loaded;
use otherglass_kernels::points::{PlaceBuffers, PoolBuffers};
use otherglass_kernels::{Device, Emulated, Kernel};
use safetensors::{Dtype, SafeTensors};

use super::*;
use crate::render::house::weights::Assets;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn floats(tensors: &SafeTensors, name: &str) -> Vec<f32> {
    let view = tensors.tensor(name).expect(name);
    match view.dtype() {
        Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        Dtype::F16 => view.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
        other => panic!("{name} is {other:?}"),
    }
}

/// Puts a network onto the device with the weights in the repository.
fn load(device: &dyn Device, net: &Net, network: &str) -> Loaded {
    let file =
        Assets::open(&root().join("../assets")).expect("assets").take("house/weights.safetensors").expect("weights");
    let tensors = SafeTensors::deserialize(&file.bytes).expect("weights");
    let get = |layer: &Layer, what: &str| floats(&tensors, &format!("{network}.{}.{what}", layer.name));
    let weights = |layer: &Layer| Ok::<_, KernelError>((fitted(layer, get(layer, "weight")), get(layer, "bias")));
    net.load(device, weights).expect("loaded")
}

/// (channels, height, width) of f32 as pixels of padded f16, channels last.
fn pixels(planes: &[f32], channels: usize, stride: usize) -> Vec<f16> {
    let area = planes.len() / channels;
    let at = |i: usize, c: usize| if c < channels { f16::from_f32(planes[c * area + i]) } else { f16::ZERO };
    (0..area).flat_map(|i| (0..stride).map(move |c| (i, c))).map(|(i, c)| at(i, c)).collect()
}

fn read(device: &dyn Device, loaded: &Loaded, tensor: Tensor) -> Vec<f32> {
    let span = loaded.span(tensor);
    let mut bytes = vec![0; span.len() * 2];
    device.read(span.bytes(), &mut bytes).expect("read");
    bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
}

fn write(device: &dyn Device, loaded: &Loaded, tensor: Tensor, values: &[f16]) {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    device.write(loaded.span(tensor).bytes(), &bytes).expect("written");
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
    let folder = tempfile::tempdir().expect("folder");
    let library = match compile(folder.path(), "kernels.so", &[]) {
        Ok(library) => library,
        Err(reason) => return println!("skipped: the networks as launches: {reason}"),
    };
    let device = Emulated::open(&library, 5).expect("emulator");
    let bytes = std::fs::read(root().join("training/reference/house.safetensors")).expect("reference");
    let reference = SafeTensors::deserialize(&bytes).expect("reference");

    let mut net = Net::default();
    let tensors = sense(&mut net, SENSE).expect("sense");
    let loaded = load(&device, &net, "sense");
    let frame: Vec<f32> = floats(&reference, "sense.frame").iter().map(|value| value - 0.5).collect();
    write(&device, &loaded, tensors.frame, &pixels(&frame, 3, 8));
    loaded.launch(&device).expect("sense runs");
    // As probabilities, the way they are used: (48 * 64, 16) with 9 channels that count.
    let mut parts = read(&device, &loaded, tensors.parts);
    for pixel in parts.chunks_exact_mut(16) {
        assert!(pixel[PARTS..].iter().all(|&value| value == 0.0), "padding is zero");
        let most = pixel[..PARTS].iter().fold(f32::MIN, |most: f32, &value| most.max(value));
        pixel[..PARTS].iter_mut().for_each(|value| *value = (*value - most).exp());
        let total: f32 = pixel[..PARTS].iter().sum();
        pixel[..PARTS].iter_mut().for_each(|value| *value /= total);
    }
    let area = parts.len() / 16;
    let planes: Vec<f32> =
        (0..PARTS).flat_map(|c| (0..area).map(move |i| (i, c))).map(|(i, c)| parts[i * 16 + c]).collect();
    let worst = greatest_difference(&planes, &floats(&reference, "sense.parts"));
    assert!(worst < TOLERANCE, "parts are {worst} off");
    println!("parts: {worst} off");

    assert_heads(&device, &loaded, &tensors, &reference);

    let mut net = Net::default();
    let tensors = painter(&mut net, PAINT).expect("painter");
    let loaded = load(&device, &net, "painter");
    let mut inputs = pixels(&floats(&reference, "painter.inputs"), PAINT_INPUTS, 16);
    inputs.iter_mut().skip(LEVEL).step_by(16).for_each(|level| *level = f16::ONE);
    write(&device, &loaded, tensors.inputs, &inputs);
    write(&device, &loaded, tensors.parts, &pixels(&planes, PARTS, 16));
    loaded.launch(&device).expect("painter runs");
    let raw = read(&device, &loaded, tensors.raw);
    let want = floats(&reference, "painter.maps");
    let worst = greatest_difference(&every_eighth(&raw, want.len()), &want);
    assert!(worst < TOLERANCE, "maps are {worst} off");
    println!("maps: {worst} off");

    // Other body parts must make other maps.
    write(&device, &loaded, tensors.parts, &vec![f16::ZERO; planes.len() / PARTS * 16]);
    loaded.launch(&device).expect("painter runs");
    let raw = read(&device, &loaded, tensors.raw);
    assert!(greatest_difference(&every_eighth(&raw, want.len()), &want) > TOLERANCE, "the control stayed green");
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

/// The points and the pose, from the tensors that the network left on the device.
fn assert_heads(device: &dyn Device, loaded: &Loaded, tensors: &SenseTensors, reference: &SafeTensors) {
    let file =
        Assets::open(&root().join("../assets")).expect("assets").take("house/weights.safetensors").expect("weights");
    let weights = SafeTensors::deserialize(&file.bytes).expect("weights");
    let room = |bytes: usize| device.allocate(bytes).expect("memory");
    let filled = |bytes: &[u8]| {
        let span = room(bytes.len());
        device.write(span, bytes).expect("written");
        span
    };
    let sizes = Sizes::house();
    let heat = loaded.span(tensors.heat);
    let [fine, coarse, whole] = tensors.features.map(|tensor| loaded.span(tensor));
    let pooled = room(2 * 432).cast().expect("f16");
    let pool = PoolBuffers { heat, fine, coarse, whole, pooled };
    let mut launches = Pool(sizes.clone()).launches(&pool, device.facts()).expect("pool");
    let mut from = pooled;
    for (layer, name) in pose().iter().zip(["pose.0", "pose.2"]) {
        let packed = layer.pack(&floats(&weights, &format!("sense.{name}.weight")));
        let packed: Vec<u8> = packed.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut bias = floats(&weights, &format!("sense.{name}.bias"));
        bias.resize(layer.outputs.next_multiple_of(8), 0.0);
        let bias: Vec<u8> = bias.iter().flat_map(|value| value.to_le_bytes()).collect();
        let out = room(2 * layer.outputs.next_multiple_of(8)).cast().expect("f16");
        let buffers = LinearBuffers {
            a: from,
            weights: filled(&packed).cast().expect("f16"),
            bias: Some(filled(&bias).cast().expect("f32")),
            residual: None,
            out,
        };
        launches.extend(layer.launches(&buffers, device.facts()).expect("pose"));
        from = out;
    }
    let presence = from.bytes().part(2 * POSE, POINTS).expect("after the pose");
    let out = room(4 * 4 * POINTS).cast().expect("f32");
    let place = PlaceBuffers { heat, presence, out };
    launches.extend(PlacePoints(sizes).launches(&place, device.facts()).expect("points"));
    launches.iter().try_for_each(|launch| device.launch(launch)).expect("heads run");

    let mut bytes = vec![0; 16 * POINTS];
    device.read(out.bytes(), &mut bytes).expect("read");
    let points: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let mut bytes = vec![0; 2 * POSE];
    device.read(from.bytes().part(0, 2 * POSE).expect("inside"), &mut bytes).expect("read");
    let pose: Vec<f32> = bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect();
    let want = floats(reference, "sense.points");
    for (k, (got, want)) in points.chunks_exact(4).zip(want.chunks_exact(4)).enumerate() {
        // Presence is a logit of order ten; the others are in picture units.
        let allowed = [TOLERANCE, TOLERANCE, 10.0 * TOLERANCE, TOLERANCE];
        assert!((0..4).all(|i| (got[i] - want[i]).abs() < allowed[i]), "point {k} is {got:?}, not {want:?}");
    }
    let worst = greatest_difference(&pose, &floats(reference, "sense.pose"));
    assert!(worst < TOLERANCE, "the pose is {worst} off");
    println!("points: {} off, pose: {worst} off", greatest_difference(&points, &want));
}

#[test]
fn a_frame_is_planned() {
    let table = |model| plan_table(&root().join("../assets"), (640, 480), model);
    println!("{}", table(PAINT).expect("plan"));
    assert!(table((512, 384)).expect("plan").contains("model 512x384"));
    assert!(table((500, 384)).is_err(), "not a multiple of 32");
    let catalogue = Catalogue::default();
    let plan = plan((640, 480), Format::Yuyv, PAINT, &catalogue, &Facts::assumed()).expect("plan");
    assert!(plan.steps.len() < 64, "few launches: {}", plan.steps.len());
    assert!(plan.arena_bytes * 3 < plan.unshared_bytes * 2, "activations share memory");
    assert!((1e8..1e10).contains(&(plan.work().flops as f64)));
}
