//! The body followed and items hung on it: the kernels, by emulation, against the CPU renderer, through many frames.

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan};
use otherglass_kernels::fields::{FieldPlaced, PARAMS, SURFACES};
use otherglass_kernels::maps::Limits;
use otherglass_kernels::place::{PlaceBuffers, PlaceWorn, Scene as SceneRow, WornLayer};
use otherglass_kernels::track::{BODY_LEN, STATE_LEN, Track, TrackBuffers, time};
use otherglass_kernels::values::{Element, Random};
use otherglass_kernels::{Device, Kernel, Launch, Span};

use super::outfit::{MOST_PLACED, Outfit, PLACED_BYTES, block};
use super::*;
use crate::render::house::body::{Body, Tracker};
use crate::render::house::charts::{Chart, PlacedChart, Surface};
use crate::render::house::fields::{Field, Order};
use crate::render::house::frames::ItemFrame;
use crate::render::house::geometry::{Vec2, Vec3};
use crate::render::house::hiding::{Circle, Dressed};
use crate::render::house::planes::Fit;
use crate::render::house::sketch::{Part, Sketcher, Worn, in_camera};

impl Wardrobe {
    /// One layer put into a frame, as the CPU has it; nothing where it can't be seen.
    pub fn put(&self, part: &Part, frame: ItemFrame, size: (usize, usize)) -> Option<FieldPlaced> {
        let (number, layer) = (self.layers(part.kind)[part.index], part.layer);
        let placed = PlacedChart::new(&layer.chart, frame, part.params)?;
        let (columns, rows) = layer.reach(&placed, size)?;
        let (cos_phi, sin_phi) = placed.phi();
        let mut params = [0.0; PARAMS];
        params.iter_mut().zip(part.params).for_each(|(to, &from)| *to = from);
        let mut wings = [[0.0; 4]; SURFACES];
        if let Chart::Ray { surfaces } = &layer.chart {
            for (to, surface) in wings.iter_mut().zip(surfaces) {
                if let Surface::Wings { index, swing, swing_by, lift, lift_by, .. } = *surface {
                    let beat = part.params[index];
                    let ((sin_s, cos_s), (sin_r, cos_r)) =
                        ((swing + swing_by * beat).sin_cos(), (lift + lift_by * beat).sin_cos());
                    *to = [sin_s, cos_s, sin_r, cos_r];
                }
            }
        }
        let three = |v: Vec3| [v.x, v.y, v.z];
        let two = |v: Vec2| [v.x, v.y];
        Some(FieldPlaced {
            layer: number,
            behind: i32::from(layer.order == Order::Behind),
            columns: [columns.start as i32, columns.end as i32],
            rows: [rows.start as i32, rows.end as i32],
            origin: two(placed.frame.o),
            inverse: placed.inverse.map(two),
            view: three(placed.view),
            right: three(placed.right),
            up: three(placed.up),
            ppu: placed.ppu,
            cos_phi,
            sin_phi,
            opacity: part.dress.opacity,
            tint: part.dress.tint,
            secondary: part.dress.secondary,
            params,
            wings,
        })
    }
}

/// What hangs where: the table at the model's size and at the camera's, grips and covers.
struct Hanging {
    placed: [Vec<FieldPlaced>; 2],
    dressed: [bool; 2],
    circles: [Vec<[f32; 3]>; 2],
}

/// Less is hardly there at all: the two may differ about whether it is drawn.
const FAINT: f32 = 1e-3;

/// What the network says of one frame.
struct Seen {
    points: Vec<f32>,
    pose: Vec<f16>,
    seconds: f64,
}

/// The CPU renderer's way.
#[derive(Default)]
struct Cpu {
    tracker: Tracker,
    sketcher: Sketcher,
}

impl Cpu {
    fn hang(&mut self, seen: &Seen, worn: &[Worn], camera: (usize, usize), kit: &Kit) -> Hanging {
        let pose: Vec<f32> = seen.pose.iter().map(|value| value.to_f32()).collect();
        let body = self.tracker.follow(&Body::from_outputs(&seen.points, &pose, 4.0 / 3.0));
        let fit = Fit::new(camera, PAINT);
        let corner = Vec2::new(fit.left, fit.top);
        let far = Vec2::new(camera.0 as f32, camera.1 as f32) * fit.scale;
        let (fields, in_model) = (&kit.fields, body.scaled(PAINT.0 as f32));
        self.sketcher.place(worn, (&body, &in_model), (corner, corner + far), seen.seconds, fields);
        let mut placed = [Vec::new(), Vec::new()];
        self.sketcher.each_layer(fields, |part| {
            placed[0].extend(kit.wardrobe.put(&part, part.frame, PAINT));
            placed[1].extend(kit.wardrobe.put(&part, in_camera(part.frame, fit), camera));
        });
        let circle = |&(at, radius): &Circle| [at.x, at.y, radius];
        let circles =
            [self.sketcher.grips(), self.sketcher.covers()].map(|circles| circles.iter().map(circle).collect());
        let dressed = Worn::dressed(worn, fields);
        Hanging { placed, dressed: [dressed != Dressed::default(), dressed.shoulders], circles }
    }
}

/// The kernels' way.
struct OnDevice<'a> {
    device: &'a dyn Device,
    launches: Vec<Launch>,
    points: Span<f32>,
    pose: Span<f16>,
    time: Span<f32>,
    scene: Span<u8>,
    state: Span<u8>,
    placed: [Span<f32>; 2],
    limits: Span<f32>,
}

impl<'a> OnDevice<'a> {
    fn new(device: &'a dyn Device, camera: (usize, usize)) -> Self {
        let mut plan = ArenaPlan::default();
        let room = |bytes: usize| plan.always(bytes);
        let slots =
            [160, 32, 16, block::BYTES, 4 * STATE_LEN, 4 * BODY_LEN, PLACED_BYTES, PLACED_BYTES, 4 * Limits::LEN]
                .map(room);
        let arena = Arena::new(device, plan.lay_out()).expect("memory");
        let floats = |i: usize| arena.get::<f32>(slots[i]).expect("a buffer");
        let (scene, pose, body) =
            (arena.get::<u8>(slots[3]).expect("scene"), arena.get(slots[1]).expect("pose"), floats(5));
        let row = scene.part(block::SCENE, SceneRow::LEN).expect("row");
        let track = TrackBuffers {
            points: floats(0),
            pose,
            time: floats(2),
            scene: row,
            before: floats(4),
            after: floats(4),
            body,
        };
        let place = PlaceBuffers {
            body,
            time: floats(2),
            scene: row,
            worn: scene.part(block::WORN, MOST_PLACED * WornLayer::LEN).expect("rows"),
            small: floats(6),
            large: floats(7),
            limits: floats(8),
        };
        let mut launches = Track::fitted(camera, PAINT).launches(&track, device.facts()).expect("track");
        let kernel = PlaceWorn::new(camera, PAINT, MOST_PLACED);
        launches.extend(kernel.launches(&place, device.facts()).expect("place"));
        let on_device = Self {
            device,
            launches,
            points: track.points,
            pose,
            time: track.time,
            scene,
            state: track.before.bytes(),
            placed: [place.small, place.large],
            limits: place.limits,
        };
        on_device.forget();
        on_device
    }

    fn forget(&self) {
        self.device.fill(self.state, 0).expect("filled");
    }

    fn read(&self, span: Span<f32>) -> Vec<u8> {
        let mut bytes = vec![0; span.bytes().len()];
        self.device.read(span.bytes(), &mut bytes).expect("read");
        bytes
    }

    fn hang(&self, seen: &Seen, outfit: &[u8]) -> Hanging {
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        let pose: Vec<u8> = seen.pose.iter().flat_map(|value| value.to_le_bytes()).collect();
        let write = |span: Span<u8>, bytes: &[u8]| {
            self.device.write(span.part(0, bytes.len()).expect("room"), bytes).expect("written");
        };
        write(self.points.bytes(), &floats(&seen.points));
        write(self.pose.bytes(), &pose);
        write(self.time.bytes(), &floats(&time(seen.seconds)));
        write(self.scene, outfit);
        self.launches.iter().try_for_each(|launch| self.device.launch(launch)).expect("launched");
        let count = i32::from_le_bytes(outfit[block::COUNT..][..4].try_into().expect("four bytes")) as usize;
        let placed = self.placed.map(|span| {
            let bytes = self.read(span);
            let rows = bytes.chunks_exact(size_of::<FieldPlaced>()).take(count);
            let rows = rows.map(|row| FieldPlaced::read(row).expect("a row"));
            rows.filter(|row| row.columns[0] < row.columns[1] && row.rows[0] < row.rows[1]).collect()
        });
        let limits = Element::F32.decode(&self.read(self.limits));
        let (grips, covers) = (limits[1] as usize, limits[2] as usize);
        let circles = |from: usize, count: usize| -> Vec<[f32; 3]> {
            let all = (from..from + count).map(|i| std::array::from_fn(|k| limits[4 + 4 * i + k] as f32));
            all.filter(|circle: &[f32; 3]| circle[2] > -1.0).collect()
        };
        let circles = [circles(0, grips), circles(grips, covers)];
        Hanging { placed, dressed: [limits[0] != 0.0, limits[3] != 0.0], circles }
    }
}

/// The greatest difference, as a share of what is allowed, or what differs altogether.
fn difference(got: &Hanging, want: &Hanging) -> Result<f32, String> {
    let mut worst = 0.0_f32;
    let mut near = |got: &[f32], want: &[f32], allowed: f32| {
        let off = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        worst = worst.max(if off.is_finite() { off / allowed } else { f32::INFINITY });
    };
    if got.dressed != want.dressed {
        return Err(format!("{:?} are dressed, not {:?}", got.dressed, want.dressed));
    }
    for (got, want) in got.placed.iter().zip(&want.placed) {
        let shown = |rows: &[FieldPlaced]| rows.iter().copied().filter(|row| row.opacity > FAINT).collect::<Vec<_>>();
        let (got, want) = (shown(got), shown(want));
        let layers = |rows: &[FieldPlaced]| rows.iter().map(|row| (row.layer, row.behind)).collect::<Vec<_>>();
        if layers(&got) != layers(&want) {
            return Err(format!("layers {:?} are drawn, not {:?}", layers(&got), layers(&want)));
        }
        for (a, b) in got.iter().zip(&want) {
            // Pixels; numbers of order one; numbers relative to the largest of them.
            let ints =
                |row: &FieldPlaced| [row.columns, row.rows].concat().iter().map(|&n| n as f32).collect::<Vec<_>>();
            near(&ints(a), &ints(b), 1.5); // where a corner lies on a border of pixels
            near(&a.origin, &b.origin, 0.002);
            let inverse = b.inverse.as_flattened();
            let largest = inverse.iter().fold(1e-6_f32, |most, value| most.max(value.abs()));
            near(a.inverse.as_flattened(), inverse, 2e-4 * largest);
            near(&[a.ppu], &[b.ppu], 2e-4 * b.ppu);
            for (a, b) in [(a.view, b.view), (a.right, b.right), (a.up, b.up)] {
                near(&a, &b, 2e-4);
            }
            near(&[a.cos_phi, a.sin_phi, a.opacity], &[b.cos_phi, b.sin_phi, b.opacity], 2e-4);
            near(&a.tint, &b.tint, 1e-6);
            near(&a.secondary, &b.secondary, 1e-6);
            near(&a.params, &b.params, 2e-5);
            near(a.wings.as_flattened(), b.wings.as_flattened(), 2e-5);
        }
    }
    for (got, want) in got.circles.iter().zip(&want.circles) {
        if got.len() != want.len() {
            return Err(format!("circles {got:?}, not {want:?}"));
        }
        got.iter().zip(want).for_each(|(a, b)| near(a, b, 0.002));
    }
    Ok(worst)
}

/// A visitor who walks about, is lost now and then, and waves.
struct Walk {
    random: Random,
    at: Vec<f64>,
    seen: Vec<f64>,
    pose: Vec<f64>,
    frame: usize,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let at = (0..2 * POINTS).map(|_| 0.25 + 0.5 * random.uniform()).collect();
        let seen = (0..POINTS).map(|_| 1.0 + random.normal()).collect();
        let pose = [1.0, 0.0, 0.0, 0.0, -1.0, 0.1, 0.1, 0.1, -1.0, -2.0, 0.1].to_vec();
        Self { random, at, seen, pose, frame: 0 }
    }

    fn next(&mut self) -> Seen {
        let Self { random, at, seen, pose, frame } = self;
        at.iter_mut().for_each(|value| *value = (*value + 0.02 * random.normal()).clamp(-0.1, 1.1));
        at[0] = 0.5 + 0.4 * (*frame as f64 * 0.11).sin();
        seen.iter_mut().for_each(|value| *value = 0.95 * *value + 0.3 * random.normal() + 0.08);
        for (k, value) in pose.iter_mut().enumerate() {
            let home = [1.0, 0.0, 0.0, 0.0, -1.0, 0.1, 0.0, 0.0, -1.0, -2.0, 0.0][k];
            *value += 0.1 * (home - *value) + 0.1 * random.normal();
        }
        let seconds = 3600.0 + *frame as f64 / 30.0;
        *frame += 1;
        let points = (0..POINTS).flat_map(|k| [at[2 * k], at[2 * k + 1], seen[k], 0.01]).map(|value| value as f32);
        Seen { points: points.collect(), pose: pose.iter().map(|&value| f16::from_f64(value)).collect(), seconds }
    }
}

struct Kit {
    fields: std::collections::BTreeMap<String, Field>,
    wardrobe: Wardrobe,
}

/// Between them every kind of item, hands named and not, several of a kind, sizes and colours.
const SCENES: [&[&str]; 6] = [
    &["give me a sword", "give me a shield", "make it blue", "give me a crown", "give me wings"],
    &["give me a torch", "make it bigger", "give me a cape", "give me an elephant", "give me a helmet"],
    &["put a sword in my left hand", "give me a staff", "give me horns", "give me a necklace"],
    &["give me three elephants", "give me glasses", "give me a beard", "give me a wizard hat"],
    &["give me a sword in each hand", "give me a mask", "give me a halo"],
    &[],
];

#[test]
fn items_hang_where_the_cpu_hangs_them() {
    let device = match emulated::device() {
        Ok(device) => device,
        Err(reason) => return println!("skipped: the kernels that hang items: {reason}"),
    };
    let device: &dyn Device = device.as_ref();
    let assets = Assets::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")).expect("assets");
    let fields = crate::render::house::fields::load(&assets).expect("fields");
    let kit = Kit { wardrobe: Wardrobe::new(&fields).expect("fields that the kernel can draw"), fields };
    let scenes = SCENES.map(|says| Worn::of_scene(&check::scene(says).expect("understood"), &kit.fields));
    let kinds = |scenes: &[Vec<Worn>]| {
        scenes.iter().flatten().map(|worn| worn.kind().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(kinds(&scenes).len(), kit.fields.len(), "every kind is worn: {:?}", kinds(&scenes));

    let (mut worst, mut drawn, mut red) = (0.0_f32, 0, 0);
    for (seed, camera) in [(1, (640, 480)), (2, (160, 120)), (3, (1280, 720)), (4, (96, 128))] {
        let (mut cpu, ours, mut walk) = (Cpu::default(), OnDevice::new(device, camera), Walk::new(seed));
        for frame in 0..240 {
            // Another scene now and then, also the same again; and a cut.
            let worn = &scenes[(frame / 23 + seed as usize) % scenes.len()];
            if frame == 101 {
                cpu.tracker.reset();
                cpu.sketcher.reset();
                ours.forget();
            }
            let seen = walk.next();
            let want = cpu.hang(&seen, worn, camera, &kit);
            let outfit = Outfit::bytes(worn, &kit.fields, &kit.wardrobe);
            let got = ours.hang(&seen, &outfit);
            let off = difference(&got, &want).unwrap_or_else(|what| panic!("frame {frame} of {camera:?}: {what}"));
            assert!(off < 1.0, "frame {frame} of {camera:?}: {off} of what is allowed");
            worst = worst.max(off);
            drawn += want.placed[1].len();
            // The control: a tracker that has forgotten the frames before.
            if frame % 40 == 39 && !worn.is_empty() {
                let mut other = Cpu::default();
                red +=
                    usize::from(!difference(&got, &other.hang(&seen, worn, camera, &kit)).is_ok_and(|off| off < 1.0));
            }
        }
    }
    println!("{drawn} layers, {worst} of what is allowed at most; {red} controls red");
    assert!(drawn > 2000 && red > 10, "{drawn} layers, {red} controls");
}
