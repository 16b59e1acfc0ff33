//! The twins against PyTorch: `reference/cases.safetensors`, made by `reference/make.py` in f64.
//!
//! Both sides sum the same f64 values in other orders: they agree to 1e-12 of the values' size, or, where the twin takes
//! its weights from f32 tables, to 1e-6. Each case has a negative control: one input value changed must be noticed.

use otherglass_kernels::attention::Attention;
use otherglass_kernels::cells::Cells;
use otherglass_kernels::common::{Activation, padded};
use otherglass_kernels::composite::{Axis, Composite};
use otherglass_kernels::conv::Conv;
use otherglass_kernels::frame_in::{Format, FrameToRgb, Place, Shrink, Unshuffle};
use otherglass_kernels::kernel::{Kernel, Rows};
use otherglass_kernels::linear::Linear;
use otherglass_kernels::maps::Maps;
use otherglass_kernels::norm::Norm;
use otherglass_kernels::points::{self, Sizes};
use otherglass_kernels::sampler::{Channels, SamplerStep};
use otherglass_kernels::sketch::Sketch;
use otherglass_kernels::softmax::Softmax;
use safetensors::{Dtype, SafeTensors};

const EXACT: f64 = 1e-12;
const F32_TABLES: f64 = 1e-6;

/// A tensor of f64 with its shape.
#[derive(Clone, Debug)]
struct Tensor {
    shape: Vec<usize>,
    data: Vec<f64>,
}

struct Reference(Vec<u8>);

impl Reference {
    fn open() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/cases.safetensors");
        Self(std::fs::read(path).expect(path))
    }

    fn get(&self, name: &str) -> Tensor {
        let all = SafeTensors::deserialize(&self.0).expect("safetensors");
        let view = all.tensor(name).expect(name);
        assert_eq!(view.dtype(), Dtype::F64, "{name}");
        let data = view.data().as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
        Tensor { shape: view.shape().to_vec(), data }
    }

    fn values(&self, name: &str) -> Vec<f64> {
        self.get(name).data
    }
}

impl Tensor {
    /// (N, C, ...) to (N, ..., C) with channels padded with zeros to `to`.
    fn channels_last(&self, to: usize) -> Vec<f64> {
        let (batch, channels) = (self.shape[0], self.shape[1]);
        let area: usize = self.shape[2..].iter().product();
        let mut out = vec![0.0; batch * area * to];
        for n in 0..batch {
            for c in 0..channels {
                for i in 0..area {
                    out[(n * area + i) * to + c] = self.data[(n * channels + c) * area + i];
                }
            }
        }
        out
    }

    fn nhwc(&self) -> Vec<f64> {
        self.channels_last(padded(self.shape[1]))
    }

    /// (B, heads, tokens, size) to (B, tokens, heads * size).
    fn tokens(&self) -> Vec<f64> {
        let [batch, heads, tokens, size] = self.shape[..] else { panic!("{:?}", self.shape) };
        let at = |n: usize, t: usize, h: usize, d: usize| self.data[((n * heads + h) * tokens + t) * size + d];
        let all = (0..batch).flat_map(|n| (0..tokens).map(move |t| (n, t)));
        all.flat_map(|(n, t)| (0..heads * size).map(move |i| at(n, t, i / size, i % size))).collect()
    }
}

fn f32s(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn halves(packed: &[half::f16]) -> Vec<f64> {
    packed.iter().map(|value| value.to_f64()).collect()
}

fn padded_row(values: &[f64]) -> Vec<f64> {
    let mut row = values.to_vec();
    row.resize(padded(values.len()), 0.0);
    row
}

fn is_near(twin: &[f64], want: &[f64], share: f64) -> bool {
    assert_eq!(twin.len(), want.len());
    twin.iter().zip(want).all(|(a, b)| (a - b).abs() <= share * (1.0 + b.abs()))
}

/// The twin's first output.
fn outputs<K: Kernel>(kernel: &K, inputs: &[Vec<f64>]) -> Vec<f64> {
    kernel.twin(inputs, Rows::ALL)[0].iter().map(|expected| expected.value).collect()
}

/// Twin and PyTorch agree, and no longer do when a value of the input `change.0` is another.
fn assert_agrees<K: Kernel>(kernel: &K, inputs: &[Vec<f64>], want: &[f64], share: f64, change: (usize, usize)) {
    let got = outputs(kernel, inputs);
    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
    assert!(is_near(&got, want, share), "{}: {worst:e} off", kernel.describe());
    let mut others = inputs.to_vec();
    others[change.0][change.1] += 64.0;
    assert!(!is_near(&outputs(kernel, &others), want, share), "{}: the control stayed green", kernel.describe());
}

fn assert_conv(reference: &Reference, case: &str, conv: &Conv, packed: &[half::f16]) {
    let get = |name: &str| reference.get(&format!("{case}/{name}"));
    let mut inputs = vec![get("a").nhwc()];
    if conv.b.is_some() {
        inputs.push(get("b").nhwc());
    }
    inputs.extend([halves(packed), padded_row(&get("bias").data)]);
    if conv.residual {
        inputs.push(get("residual").nhwc());
    }
    // A value in the middle of the first input, in its first channel.
    let middle = (conv.height / 2 * conv.width + conv.width / 2) * padded(conv.a.channels);
    assert_agrees(conv, &inputs, &get("out").nhwc(), EXACT, (0, middle));
}

#[test]
fn convolutions() {
    let reference = Reference::open();
    let weights = |case: &str| f32s(&reference.values(&format!("conv.{case}/weights")));
    let conv = Conv { batch: 2, ..Conv::new((9, 11), 13, 17, 3, 1).with(Activation::Relu).adding() };
    assert_conv(&reference, "conv.plain", &conv, &conv.pack(&weights("plain")));
    let conv = Conv::new((9, 7), 5, 12, 3, 2).with(Activation::Silu);
    assert_conv(&reference, "conv.strided", &conv, &conv.pack(&weights("strided")));
    let conv = Conv::new((6, 8), 12, 9, 1, 1).beside(10, true);
    assert_conv(&reference, "conv.joined", &conv, &conv.pack(&weights("joined")));
    for kernel in [1, 3] {
        let conv = Conv::unshuffled((8, 12), 5, 12, kernel).with(Activation::Relu);
        let case = format!("unshuffled{kernel}");
        assert_conv(&reference, &format!("conv.{case}"), &conv, &conv.pack_unshuffled(&weights(&case)));
    }
}

#[test]
fn linear_layers() {
    let reference = Reference::open();
    let get = |name: &str| reference.get(&format!("linear/{name}"));
    let linear = Linear { residual: true, activation: Activation::Silu, ..Linear::new(10, 19, 21) };
    let weights = halves(&linear.pack(&f32s(&get("weights").data)));
    let inputs = [get("a").nhwc(), weights, padded_row(&get("bias").data), get("residual").nhwc()];
    assert_agrees(&linear, &inputs, &get("out").nhwc(), EXACT, (0, 24));
}

#[test]
fn norms() {
    let reference = Reference::open();
    // The kernels' epsilon is an f32, PyTorch's here an f64.
    let near = 1e-9;
    let get = |name: &str| reference.get(&format!("norm.group/{name}"));
    let group = Norm { batch: 2, film: true, activation: Activation::Silu, ..Norm::group(35, 40, 5) };
    let rest = |case: &str| ["gamma", "beta", "scale", "shift"].map(|name| reference.values(&format!("{case}/{name}")));
    let inputs = [vec![get("x").nhwc()], rest("norm.group").to_vec()].concat();
    assert_agrees(&group, &inputs, &get("out").nhwc(), near, (0, 100));
    let layer = Norm { batch: 2, film: true, ..Norm::layer(6, 24) };
    let inputs = [vec![reference.values("norm.layer/x")], rest("norm.layer").to_vec()].concat();
    assert_agrees(&layer, &inputs, &reference.values("norm.layer/out"), near, (0, 100));
}

#[test]
fn attention() {
    let reference = Reference::open();
    let get = |name: &str| reference.get(&format!("attention/{name}")).tokens();
    let attention = Attention { batch: 2, ..Attention::new(3, 40, 5, 9) };
    // The scale is an f32.
    assert_agrees(&attention, &[get("q"), get("k"), get("v")], &get("out"), F32_TABLES, (0, 7));
}

#[test]
fn sampler_step() {
    let reference = Reference::open();
    let get = |name: &str| reference.values(&format!("sampler/{name}"));
    let all = Channels { stride: 3, first: 0 };
    let step = SamplerStep { pixels: 7, channels: 3, clean: all, noised: all, out: all, level_channel: None };
    assert_agrees(&step, &[get("clean"), get("noised"), get("levels")], &get("out"), EXACT, (1, 4));
}

#[test]
fn camera_formats() {
    let reference = Reference::open();
    for (case, format, mirrored) in [("frame.nv12", Format::Nv12, false), ("frame.yuyv", Format::Yuyv, true)] {
        let frame = FrameToRgb { width: 8, height: 6, format, mirrored };
        let out = reference.get(&format!("{case}/out"));
        let want = Tensor { shape: [&[1], &out.shape[..]].concat(), data: out.data }.channels_last(3);
        let mut bytes = reference.values(&format!("{case}/bytes"));
        // Whole numbers beside exact ones: half a level and what 16 bits behind the point leave.
        let near = |got: &[f64]| got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= 0.51);
        assert!(near(&outputs(&frame, &[bytes.clone()])), "{case}");
        bytes[0] = (bytes[0] + 128.0) % 256.0;
        assert!(!near(&outputs(&frame, &[bytes])), "{case}: the control stayed green");
    }
}

fn tables(shrink: &Shrink) -> Vec<Vec<f64>> {
    let axis = |taps: &otherglass_kernels::frame_in::Taps| {
        let ints = |values: &[i32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        [ints(&taps.first), ints(&taps.count), taps.weights.iter().map(|&v| f64::from(v)).collect()]
    };
    [axis(&shrink.columns), axis(&shrink.rows)].concat()
}

#[test]
fn shrinking() {
    let reference = Reference::open();
    let place = |gain, offset| Place { stride: 3, first: 0, last: 3, gain, offset };
    for (case, source, model, place) in
        [("frame.shrink", (24, 18), (8, 6), place(2.0, -1.0)), ("frame.uneven", (25, 25), (8, 8), place(1.0, 0.0))]
    {
        let shrink = Shrink::fitted(source, model, place);
        let inputs = [vec![reference.get(&format!("{case}/rgb")).channels_last(3)], tables(&shrink)].concat();
        let want = reference.get(&format!("{case}/out")).channels_last(3);
        assert_agrees(&shrink, &inputs, &want, F32_TABLES, (0, 100));
    }
    let unshuffle = Unshuffle { width: 3, height: 4, x_stride: 3, x_first: 0, offset: -0.5, mirrored: false };
    let inputs = [reference.get("frame.unshuffle/x").channels_last(3)];
    let out = reference.get("frame.unshuffle/out").channels_last(16);
    assert_agrees(&unshuffle, &inputs, &out, EXACT, (0, 10));
}

#[test]
fn composition() {
    let reference = Reference::open();
    for world_on in [false, true] {
        let case = format!("composite.{}", u8::from(world_on));
        let get = |name: &str, channels| reference.get(&format!("{case}/{name}")).channels_last(channels);
        let kernel = Composite { width: 24, height: 18, model_width: 8, model_height: 6, world_on, changed: true };
        let axis = |axis: &Axis| {
            let low = axis.low.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
            [low, axis.weight.iter().map(|&v| f64::from(v)).collect()]
        };
        let (columns, rows) = (Axis::new(24, 8, 8.0 / 24.0, 0.0), Axis::new(18, 6, 6.0 / 18.0, 0.0));
        let inputs = [
            vec![get("camera", 3), get("world", 3), get("front", 4), get("behind", 4), get("maps", 16)],
            axis(&columns).to_vec(),
            axis(&rows).to_vec(),
            vec![vec![f64::from(u8::from(world_on))]],
            vec![vec![0.0; 24 * 18 * 4], vec![0.0]], // nobody is in a costume
        ]
        .concat();
        let mut want = reference.get(&format!("{case}/out")).channels_last(4);
        want.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255.0);
        assert_agrees(&kernel, &inputs, &want, F32_TABLES, (4, 16 * 20 + 6));
    }
}

#[test]
fn softmax() {
    let reference = Reference::open();
    let [x, want] = ["softmax/x", "softmax/out"].map(|name| reference.get(name).nhwc());
    assert_agrees(&Softmax { rows: 20, channels: 9 }, &[x], &want, EXACT, (0, 17));
}

#[test]
fn house_maps() {
    let reference = Reference::open();
    for world_on in [false, true] {
        let get = |name: &str, channels| {
            reference.get(&format!("maps.{}/{name}", u8::from(world_on))).channels_last(channels)
        };
        let kernel = Maps::of_filled(20, 12, 8, 6, world_on);
        let limits = reference.values(&format!("maps.{}/limits", u8::from(world_on)));
        let inputs = [get("raw", 56), get("inputs", 8), vec![f64::from(u8::from(world_on))], get("cells", 2), limits];
        // Products and differences of f64, divided by as little as 4e-4. Controls: a light, a cell of either kind.
        for control in [(0, 56 * 20 + 20), (3, 2 * 7), (3, 2 * 6 + 1)] {
            assert_agrees(&kernel, &inputs, &get("out", 16), 1e-9, control);
        }
    }
}

#[test]
fn cells() {
    let reference = Reference::open();
    let get = |name: &str, channels| reference.get(&format!("cells/{name}")).channels_last(channels);
    let kernel = Cells { width: 11, height: 7, shoulders: true, dressed: true };
    let limits = [1.0, 0.0, 0.0, 1.0].to_vec();
    let inputs = [get("parts", 16), limits, get("before", 1)];
    // The first output, then the second, which must follow hands as well as the background.
    assert_agrees(&kernel, &inputs, &get("after", 1), EXACT, (2, 30));
    let outputs =
        |inputs: &[Vec<f64>]| -> Vec<f64> { kernel.twin(inputs, Rows::ALL)[1].iter().map(|e| e.value).collect() };
    assert!(is_near(&outputs(&inputs), &get("out", 2), EXACT));
    let mut other = inputs.clone();
    other[0].iter_mut().skip(7).step_by(16).for_each(|hand| *hand = 0.0);
    assert!(!is_near(&outputs(&other), &get("out", 2), EXACT), "the control stayed green");
}

#[test]
fn sketch() {
    let reference = Reference::open();
    let [front, behind] = ["front", "behind"].map(|name| reference.get(&format!("sketch/{name}")).channels_last(4));
    let kernel = Sketch { pixels: 15, stride: 5, first: 0, alpha: 4 };
    let want = reference.get("sketch/out").channels_last(5);
    assert_agrees(&kernel, &[front, behind], &want, EXACT, (1, 7));
}

#[test]
fn points() {
    let reference = Reference::open();
    let get = |name: &str| reference.get(&format!("points/{name}"));
    let sizes = Sizes { width: 10, height: 8, points: 3, fine: 16, coarse: 8, whole: 24, whole_cells: 6 };
    let features = ["fine", "coarse", "whole"].map(|name| get(name).nhwc());
    // Centres of cells are f32 there.
    let heat = get("heat").nhwc();
    let inputs = [vec![heat.clone()], features.to_vec()].concat();
    assert_agrees(&points::Pool(sizes.clone()), &inputs, &get("pooled").data, EXACT, (1, 5));
    let inputs = [heat, get("presence").data];
    assert_agrees(&points::Place(sizes), &inputs, &get("out").data, F32_TABLES, (1, 0));
}
