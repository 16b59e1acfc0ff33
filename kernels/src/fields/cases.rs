//! Random networks on charts of every kind, for checks.

use super::{Catalogue, Description, FieldPlaced, Fields, Input, Source, Surface, WIDTH};
use crate::values::Random;

/// What is in a check's buffers.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub catalogue: Catalogue,
    pub placed: Vec<FieldPlaced>,
}

fn input(source: Source, identity: bool, base: f32, octaves: u32) -> Input {
    Input { source, center: 0.1, scale: 0.8, identity, base, octaves }
}

/// A flat thing, a cone with a disc, and wings.
fn charts() -> [(Vec<Input>, Option<Vec<Surface>>); 3] {
    use Source::{A, B, CosPhi, Param, SinPhi, Surface as Of, View};
    const PI: f32 = std::f32::consts::PI;
    let on = |source| input(source, true, PI, 2);
    let flat =
        vec![on(A), on(B), input(CosPhi, true, 2.0, 1), input(SinPhi, true, 2.0, 0), input(Param(1), true, 1.0, 0)];
    let cone =
        Surface::Cone { center: [0.0, 0.2, 0.1], tilt: 0.12, rx: 0.6, rz: 0.7, slope: 0.2, h_min: -0.4, h_max: 0.6 };
    let disc = Surface::Disc { center: [0.1, -0.2, 0.0], tilt: -0.2, rx: 0.9, rz: 0.8, soft: 0.3 };
    // An angle goes in as sines and cosines of whole multiples alone: it jumps by a turn.
    let angle = |value| Input { center: 0.0, scale: 1.0, ..input(Of(0, value), false, 1.0, 3) };
    let round = vec![
        on(A),
        input(View(0), true, 1.0, 0),
        input(View(2), true, 1.0, 0),
        angle(0),
        on(Of(0, 1)),
        angle(2),
        on(Of(0, 3)),
        input(Of(0, 4), true, 1.0, 0),
        on(Of(1, 0)),
        on(Of(1, 1)),
    ];
    let wings = Surface::Wings { center: [0.0, 0.1, -0.2], soft: 0.25 };
    let beating = vec![on(Of(0, 0)), on(Of(0, 1)), input(Of(0, 2), true, 1.0, 0), on(B), input(Param(0), true, 1.0, 0)];
    [(flat, None), (round, Some(vec![cone, disc])), (beating, Some(vec![wings]))]
}

/// A network with so many inputs, weights such that numbers keep their size.
fn network(random: &mut Random, inputs: usize, hidden: usize) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut from = inputs;
    let mut layers = Vec::new();
    for outputs in [hidden, hidden, WIDTH, 4] {
        let deviation = (2.0 / from as f64).sqrt();
        let weights = (0..outputs * from).map(|_| (random.normal() * deviation) as f32).collect();
        let shift = if outputs == 4 { 0.5 } else { 0.0 };
        layers.push((weights, (0..outputs).map(|_| (0.2 * random.normal() + shift) as f32).collect()));
        from = outputs;
    }
    layers
}

/// A picture with `count` placed layers of three fields.
pub fn random(width: usize, height: usize, count: usize) -> Fields {
    let mut random = Random::new(17);
    let mut catalogue = Catalogue::default();
    for (i, (inputs, surfaces)) in charts().into_iter().enumerate() {
        let channels = inputs.iter().map(|input| usize::from(input.identity) + 2 * input.octaves as usize).sum();
        let network = network(&mut random, channels, if i == 1 { WIDTH } else { 44 });
        let description = Description {
            inputs,
            surfaces,
            edge_unit: 0.03,
            mask_unit: 0.04,
            low: [-0.93, -0.87],
            high: [0.91, 0.89],
            network: network.iter().map(|(weights, bias)| (&weights[..], &bias[..])).collect(),
        };
        catalogue.add(&description).expect("a field that the kernel can draw");
    }
    let (across, down) = (width as f32, height as f32);
    let placed = (0..count).map(|i| {
        let mut uniform = |low: f32, high: f32| low + (high - low) * random.uniform() as f32;
        let unit = 0.3 * across;
        let (turn, yaw) = (uniform(-0.6, 0.6), uniform(-0.7, 0.7));
        // Orthonormal: the view, and axes without roll, as the charts have them.
        let view = [yaw.sin() * turn.cos(), turn.sin(), yaw.cos() * turn.cos()];
        let flat = view[0].hypot(view[2]);
        let right = [view[2] / flat, 0.0, -view[0] / flat];
        let up = [
            view[1] * right[2] - view[2] * right[1],
            view[2] * right[0] - view[0] * right[2],
            view[0] * right[1] - view[1] * right[0],
        ];
        FieldPlaced {
            layer: i as i32 % 3,
            behind: i32::from(i % 3 == 2),
            columns: [1.min(width as i32 - 1), width as i32],
            rows: [0, height as i32],
            origin: [uniform(0.3, 0.7) * across, uniform(0.3, 0.7) * down],
            inverse: std::array::from_fn(|k| {
                if i % 3 == 0 {
                    let (sin, cos) = (turn.sin() / unit, turn.cos() / unit);
                    return [[cos, sin], [-sin, cos], [0.0, 0.0]][k];
                }
                [right[k] / unit, -up[k] / unit]
            }),
            view,
            right,
            up,
            ppu: unit,
            cos_phi: turn.cos(),
            sin_phi: turn.sin(),
            opacity: uniform(0.5, 1.0),
            tint: [uniform(0.0, 1.0), uniform(0.0, 1.0), uniform(0.0, 1.0)],
            secondary: [uniform(0.0, 1.0), uniform(0.0, 1.0), uniform(0.0, 1.0)],
            params: [uniform(-1.0, 1.0), uniform(-1.0, 1.0), 0.0, 0.0],
            wings: [[turn.sin(), turn.cos(), yaw.sin(), yaw.cos()]; 2],
        }
    });
    let placed: Vec<FieldPlaced> = placed.collect();
    let fields = Fields::new(width, height, &catalogue, placed.len().max(1));
    Fields { case: Case { catalogue, placed }, ..fields }
}
