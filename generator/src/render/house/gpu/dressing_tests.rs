//! Visitors dressed for every world: the kernels, by emulation, against the CPU renderer.

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan};
use otherglass_kernels::costume::{
    Costume, Dye, DyeBuffers, FITTING_LEN, Measure, MeasureBuffers, TILES_LEN, state_len,
};
use otherglass_kernels::track::BODY_LEN;
use otherglass_kernels::values::Random;
use otherglass_kernels::{Device, Kernel, Span};

use super::*;
use crate::render::house::body::{Body, Point};
use crate::render::house::costume::{Tailor, for_device};
use crate::render::house::nets::{Grid, part};
use crate::render::house::planes::Fit;
use crate::render::house::sketch::in_camera;
use crate::render::house::{frames, gpu::model};
use crate::scene::Theme;

/// No camera of the model's shape, so that its picture has bars.
const SIZE: (usize, usize) = (160, 91);
const CELLS: (usize, usize) = (PAINT.0 / 4, PAINT.1 / 4);

/// One frame as both are given it, in numbers that f16 holds.
struct Given {
    camera: Vec<u8>,
    small: Vec<f32>,
    parts: Grid,
    body: Body,
}

fn rounded(value: f64) -> f32 {
    f16::from_f64(value).to_f32()
}

impl Given {
    /// A visitor in a patterned shirt, a little further to the right in every frame.
    fn new(frame: usize) -> Self {
        let mut random = Random::new(frame as u64);
        let at = |x: usize, y: usize| match (x.saturating_sub(frame), y) {
            (28..36, 8..18) => part::FACE,
            (20..44, 20..48) => part::TORSO,
            (16..20, 24..48) => part::ARMS[0],
            (44..48, 24..48) => part::ARMS[1],
            _ => 0,
        };
        let mut parts = Grid::new(CELLS.1, CELLS.0, PARTS);
        for y in 0..CELLS.1 {
            for (x, pixel) in parts.row_mut(y).chunks_exact_mut(PARTS).enumerate() {
                pixel.iter_mut().for_each(|share| *share = rounded(0.02 * random.uniform()));
                pixel[at(x, y)] = rounded(0.8 + 0.2 * random.uniform());
            }
        }
        let colour = |x: usize, y: usize, random: &mut Random| {
            let own = match at(x, y) {
                part::FACE | 4 => [0.72, 0.52, 0.42],
                part::TORSO | 6 => [0.40, 0.42, 0.45],
                _ => [0.2, 0.5, 0.3],
            };
            let light = 0.7 + 0.6 * random.uniform();
            own.map(|share: f64| (share * light).min(1.0))
        };
        let area = PAINT.0 * PAINT.1;
        let mut small = vec![0.0; 3 * area];
        for i in 0..area {
            for (k, value) in colour(i % PAINT.0 / 4, i / PAINT.0 / 4, &mut random).into_iter().enumerate() {
                small[k * area + i] = rounded(value);
            }
        }
        let mut camera = Vec::new();
        for i in 0..SIZE.0 * SIZE.1 {
            let (x, y) = (i % SIZE.0 * CELLS.0 / SIZE.0, i / SIZE.0 * CELLS.1 / SIZE.1);
            camera.extend(colour(x, y, &mut random).map(|value| (255.0 * value + 0.5) as u8));
        }
        let mut body = Body::from_outputs(&[0.5; POINTS * 4], &[0.1; POSE], 4.0 / 3.0);
        let along = 0.004 * frame as f32;
        for (point, x, y) in [(Point::Neck, 0.5, 0.3), (Point::ShoulderR, 0.34, 0.36), (Point::ShoulderL, 0.66, 0.34)] {
            (body.points[point as usize].x, body.points[point as usize].y) = (x + along, y);
        }
        body.head_width = 0.14;
        Self { camera, small, parts, body }
    }

    fn on_cpu(&self, tailor: &mut Tailor, theme: Theme) -> Vec<u8> {
        let fit = Fit::new(SIZE, PAINT);
        let shoulders = in_camera(frames::shoulders(&self.body.scaled(PAINT.0 as f32)), fit);
        tailor.put_on(theme, (&self.camera, SIZE), fit, &self.small, &self.parts, &shoulders).to_vec()
    }
}

/// The kernels' buffers and launches.
struct OnDevice<'a> {
    device: &'a dyn Device,
    measured: MeasureBuffers,
    dyed: DyeBuffers,
}

impl<'a> OnDevice<'a> {
    fn new(device: &'a dyn Device) -> Self {
        let (cells, area) = (CELLS.0 * CELLS.1, SIZE.0 * SIZE.1);
        let (columns, rows) = Dye::new(SIZE, PAINT).axes();
        let bytes = |values: &[i32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let axes = [bytes(&columns.low), model::floats(&columns.weight), bytes(&rows.low), model::floats(&rows.weight)];
        let mut plan = ArenaPlan::default();
        let inputs = 2 * PAINT.0 * PAINT.1 * INPUT_STRIDE;
        let lens = [inputs, 32 * cells, 4 * BODY_LEN, 4 * Costume::LEN, 4 * state_len(cells), 4 * FITTING_LEN];
        let slots = lens.map(|len| plan.always(len));
        let more = [3 * area, 2 * TILES_LEN, 4 * area].map(|len| plan.always(len));
        let tables = axes.each_ref().map(|axis| plan.always(axis.len()));
        let arena = Arena::new(device, plan.lay_out()).expect("memory");
        for (slot, axis) in tables.iter().zip(&axes) {
            device.write(arena.get(*slot).expect("a table"), axis).expect("written");
        }
        let floats = |i: usize| arena.get::<f32>(slots[i]).expect("a buffer");
        let measured = MeasureBuffers {
            inputs: arena.get(slots[0]).expect("inputs"),
            parts: arena.get(slots[1]).expect("parts"),
            body: floats(2),
            costume: floats(3),
            before: floats(4),
            after: floats(4),
            fitting: floats(5),
        };
        let dyed = DyeBuffers {
            camera: arena.get(more[0]).expect("camera"),
            state: floats(4),
            fitting: floats(5),
            costume: floats(3),
            tiles: arena.get(more[1]).expect("tiles"),
            column_low: arena.get(tables[0]).expect("a table"),
            column_weight: arena.get(tables[1]).expect("a table"),
            row_low: arena.get(tables[2]).expect("a table"),
            row_weight: arena.get(tables[3]).expect("a table"),
            out: arena.get(more[2]).expect("out"),
        };
        Self { device, measured, dyed }
    }

    fn write(&self, span: Span<u8>, bytes: &[u8]) {
        self.device.write(span.part(0, bytes.len()).expect("room"), bytes).expect("written");
    }

    fn forget(&self) {
        self.device.fill(self.measured.before.bytes(), 0).expect("filled");
    }

    fn wear(&self, theme: Theme) {
        let (costume, tiles) = for_device(theme);
        self.write(self.measured.costume.bytes(), costume.bytes());
        self.write(self.dyed.tiles.bytes(), &tiles);
    }

    fn dress(&self, given: &Given) -> Vec<u8> {
        let area = PAINT.0 * PAINT.1;
        let mut inputs = vec![f16::ZERO; area * INPUT_STRIDE];
        for (i, pixel) in inputs.chunks_exact_mut(INPUT_STRIDE).enumerate() {
            (0..3).for_each(|k| pixel[k] = f16::from_f32(given.small[k * area + i]));
        }
        let mut parts = vec![f16::ZERO; CELLS.0 * CELLS.1 * 16];
        for (i, cell) in parts.chunks_exact_mut(16).enumerate() {
            let from = given.parts.pixel(i / CELLS.0, i % CELLS.0);
            cell.iter_mut().zip(from).for_each(|(to, from)| *to = f16::from_f32(*from));
        }
        let mut body: Vec<f32> = given.body.points.iter().flat_map(|point| [point.x, point.y]).collect();
        body.resize(BODY_LEN, 0.0);
        (body[36], body[37]) = (given.body.head_width, given.body.torso_yaw);
        self.write(self.measured.inputs.bytes(), &model::halves(&inputs));
        self.write(self.measured.parts.bytes(), &model::halves(&parts));
        self.write(self.measured.body.bytes(), &model::floats(&body));
        self.write(self.dyed.camera, &given.camera);
        let facts = self.device.facts();
        let mut launches = Measure::new(SIZE, PAINT, INPUT_STRIDE).launches(&self.measured, facts).expect("measure");
        launches.extend(Dye::new(SIZE, PAINT).launches(&self.dyed, facts).expect("dye"));
        launches.iter().try_for_each(|launch| self.device.launch(launch)).expect("launched");
        let mut out = vec![0; self.dyed.out.len()];
        self.device.read(self.dyed.out, &mut out).expect("read");
        out.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect()
    }
}

/// A tile's colours are rounded to f16 and a byte to the next: a step or two where a pattern is steep.
const MEAN: f64 = 0.02;
const MOST: u8 = 3;

#[test]
fn visitors_wear_what_the_cpu_dresses_them_in() {
    let device = match emulated::device() {
        Ok(device) => device,
        Err(reason) => return println!("skipped: the kernels that dress visitors: {reason}"),
    };
    let ours = OnDevice::new(device.as_ref());
    for theme in Theme::ALL {
        let mut tailor = Tailor::default();
        ours.forget();
        ours.wear(*theme);
        let mut last = (Vec::new(), Vec::new());
        for frame in 0..3 {
            let given = Given::new(frame);
            let (got, want) = (ours.dress(&given), given.on_cpu(&mut tailor, *theme));
            let (mean, _) = check::difference(&got, &want);
            let most = got.iter().zip(&want).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(mean < MEAN && most.is_some_and(|most| most <= MOST), "{theme:?}: {mean}, {most:?} at most");
            let (changed, _) = check::difference(&want, &given.camera);
            assert!(changed > 20.0 * MEAN, "{theme:?} hardly shows: {changed}");
            last = (got, want);
        }
        // The control: a tailor who has not seen the frames before.
        let other = Given::new(2).on_cpu(&mut Tailor::default(), *theme);
        let (mean, _) = check::difference(&last.0, &other);
        println!("{theme:?}: {:.4} of 255 off; control {mean:.3}", check::difference(&last.0, &last.1).0);
        assert!(mean > MEAN, "{theme:?}: the control stayed green: {mean}");
    }
}
