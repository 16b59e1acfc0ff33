//! What of a frame depends on the camera: its buffers in one arena, and the two graphs around what the CPU decides.
//!
//! ```text
//! look:   camera's bytes ──> RGB ──> 256x192 ──> 128x96 ──> sense network ──> points, pose ──> CPU
//! paint:  CPU ──> table of what is worn, circles ──> fields at both sizes ──> painter ──> maps ──> RGBA
//! ```

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan, Layout, Slot};
use otherglass_kernels::cells::CellsBuffers;
use otherglass_kernels::composite::CompositeBuffers;
use otherglass_kernels::fields::{Fields, FieldsBuffers};
use otherglass_kernels::frame_in::{FrameToRgbBuffers, HalveBuffers, Shrink, ShrinkBuffers};
use otherglass_kernels::maps::{Limits, MapsBuffers};
use otherglass_kernels::sketch::SketchBuffers;
use otherglass_kernels::{Device, Kernel, KernelError, Launch, Machine, Program, Span};

use super::model::{Model, floats};
use super::wardrobe::PLACED_BYTES;
use super::{Format, Shapes};

/// Where in the block of bytes that a frame sends up each part lies.
pub mod block {
    use super::{Limits, PLACED_BYTES};

    const ALIGNED: usize = 256;
    /// The table of what is worn at the model's size, then at the camera's.
    pub const MODEL: usize = 0;
    pub const CAMERA: usize = PLACED_BYTES.next_multiple_of(ALIGNED);
    /// How many rows of each table count.
    pub const MODEL_COUNT: usize = CAMERA + PLACED_BYTES.next_multiple_of(ALIGNED);
    pub const CAMERA_COUNT: usize = MODEL_COUNT + ALIGNED;
    /// Where what is worn can be hidden.
    pub const LIMITS: usize = CAMERA_COUNT + ALIGNED;
    pub const BYTES: usize = LIMITS + 4 * Limits::LEN;
}

/// Everything for cameras of one size and format.
pub struct Sized {
    pub size: (usize, usize),
    pub format: Format,
    arena: Arena,
    /// In: the camera's bytes. Out: points, pose.
    pub look: Program,
    /// In: the block. Out: RGBA.
    pub paint: Program,
    world: Span<u8>,
    world_on: Span<u8>,
    /// What was body in the frame before.
    body: Span<u8>,
    show_world: Vec<Launch>,
    hide_world: Vec<Launch>,
}

/// Places in the arena.
struct Slots {
    camera: Slot,
    rgb: Slot,
    world: Slot,
    world_on: Slot,
    shrink: [Slot; 6],
    axes: [Slot; 4],
    block: Slot,
    sketch: [Slot; 2],
    layers: [Slot; 2],
    body: Slot,
    cells: Slot,
    maps: Slot,
    lines: Slot,
    out: Slot,
}

/// The tables of the resampling, and the arena that they and everything else of a frame lie in.
pub struct Room {
    shrink: [Vec<u8>; 6],
    axes: [Vec<u8>; 4],
    slots: Slots,
    /// Of the arena.
    pub layout: Layout,
}

impl Room {
    #[must_use]
    pub fn new(shapes: &Shapes) -> Self {
        let area = shapes.to_rgb.width * shapes.to_rgb.height;
        let model_area = shapes.maps.width * shapes.maps.height;
        let cells = shapes.cells.width * shapes.cells.height;
        let shrink = shrink_tables(&shapes.shrink);
        let (columns, rows) = shapes.composite.axes();
        let axes = [ints(&columns.low), floats(&columns.weight), ints(&rows.low), floats(&rows.weight)];
        let mut plan = ArenaPlan::default();
        let mut room = |bytes: usize| plan.always(bytes);
        let slots = Slots {
            camera: room(shapes.to_rgb.camera_len()),
            rgb: room(3 * area),
            world: room(3 * area),
            world_on: room(4),
            shrink: shrink.each_ref().map(|table| room(table.len())),
            axes: axes.each_ref().map(|table| room(table.len())),
            block: room(block::BYTES),
            sketch: [0; 2].map(|_| room(8 * model_area)),
            layers: [0; 2].map(|_| room(8 * area)),
            body: room(4 * cells),
            cells: room(8 * cells),
            maps: room(64 * model_area),
            lines: room(8 * model_area),
            out: room(4 * area),
        };
        Self { shrink, axes, slots, layout: plan.lay_out() }
    }
}

impl Sized {
    /// In the memory of `old` where it is large enough.
    pub fn new(
        machine: &Machine,
        model: &Model,
        shapes: &Shapes,
        fields: (Span<f32>, Span<f32>),
        old: Option<Self>,
    ) -> Result<Self, KernelError> {
        let device = machine.device();
        let (width, height) = (shapes.to_rgb.width, shapes.to_rgb.height);
        let Room { shrink, axes, slots, layout } = Room::new(shapes);
        let arena = match old {
            Some(old) => old.arena.laid_out_anew(device, layout)?,
            None => Arena::new(device, layout)?,
        };
        for (slot, table) in slots.shrink.iter().chain(&slots.axes).zip(shrink.iter().chain(&axes)) {
            device.write(arena.get(*slot)?, table)?;
        }
        let world_on = arena.get::<u8>(slots.world_on)?;
        device.write(world_on, &0_i32.to_le_bytes())?;

        let look = look(machine, model, shapes, &arena, &slots)?;
        let paint = paint(machine, model, shapes, fields, &arena, &slots)?;
        let inputs = model.painter.span(model.painter_tensors.inputs);
        let world = arena.get(slots.world)?;
        let shrunk = |shrink: &Shrink| shrink.launches(&shrink_buffers(&arena, &slots, world, inputs)?, device.facts());
        let (show_world, hide_world) = (shrunk(&shapes.world)?, shrunk(&shapes.no_world)?);
        let body = arena.get(slots.body)?;
        let sized = Self {
            body,
            size: (width, height),
            format: shapes.to_rgb.format,
            look,
            paint,
            world,
            world_on,
            show_world,
            hide_world,
            arena,
        };
        sized.show(device, None)?;
        sized.forget_body(device)?;
        Ok(sized)
    }

    /// Forgets what was body before.
    pub fn forget_body(&self, device: &dyn Device) -> Result<(), KernelError> {
        device.fill(self.body, 0)
    }

    /// Another world from now on, RGB bytes of the camera's size, or none.
    pub fn show(&self, device: &dyn Device, world: Option<&[u8]>) -> Result<(), KernelError> {
        if let Some(picture) = world {
            device.write(self.world, picture)?;
        }
        device.write(self.world_on, &i32::from(world.is_some()).to_le_bytes())?;
        let launches = if world.is_some() { &self.show_world } else { &self.hide_world };
        launches.iter().try_for_each(|launch| device.launch(launch))
    }
}

fn look(
    machine: &Machine,
    model: &Model,
    shapes: &Shapes,
    arena: &Arena,
    slots: &Slots,
) -> Result<Program, KernelError> {
    let facts = machine.device().facts();
    let (camera, rgb) = (arena.get(slots.camera)?, arena.get(slots.rgb)?);
    let inputs = model.painter.span(model.painter_tensors.inputs);
    let mut launches = shapes.to_rgb.launches(&FrameToRgbBuffers { bytes: camera, rgb }, facts)?;
    launches.extend(shapes.shrink.launches(&shrink_buffers(arena, slots, rgb, inputs)?, facts)?);
    let halved = HalveBuffers { x: inputs, out: model.sense.span(model.sense_tensors.frame) };
    launches.extend(shapes.halve.launches(&halved, facts)?);
    launches.extend(model.sense.launches().iter().cloned());
    launches.extend(model.heads.iter().cloned());
    machine.program(&[camera], launches, &[model.points.bytes(), model.pose.bytes()])
}

fn paint(
    machine: &Machine,
    model: &Model,
    shapes: &Shapes,
    (layers, weights): (Span<f32>, Span<f32>),
    arena: &Arena,
    slots: &Slots,
) -> Result<Program, KernelError> {
    let facts = machine.device().facts();
    let sent: Span<u8> = arena.get(slots.block)?;
    let inputs = model.painter.span(model.painter_tensors.inputs);
    let pictures = |slots: &[Slot; 2]| -> Result<(Span<f16>, Span<f16>), KernelError> {
        Ok((arena.get(slots[0])?, arena.get(slots[1])?))
    };
    let drawn = |fields: &Fields, at: usize, count: usize, (front, behind): (Span<f16>, Span<f16>)| {
        let (placed, count) = (sent.part(at, PLACED_BYTES / 4)?, sent.part(count, 1)?);
        fields.launches(&FieldsBuffers { weights, layers, placed, count, front, behind }, facts)
    };
    let (small, large) = (pictures(&slots.sketch)?, pictures(&slots.layers)?);
    let mut launches = drawn(&shapes.small_fields, block::MODEL, block::MODEL_COUNT, small)?;
    launches.extend(drawn(&shapes.large_fields, block::CAMERA, block::CAMERA_COUNT, large)?);
    let joined = SketchBuffers { front: small.0, behind: small.1, out: inputs };
    launches.extend(shapes.sketch.launches(&joined, facts)?);
    launches.extend(model.painter.launches().iter().cloned());
    let (cells, limits, body) =
        (arena.get(slots.cells)?, sent.part(block::LIMITS, Limits::LEN)?, arena.get(slots.body)?);
    let parts = model.painter.span(model.painter_tensors.parts);
    let followed = CellsBuffers { parts, limits, before: body, after: body, out: cells };
    launches.extend(shapes.cells.launches(&followed, facts)?);
    let world_on = arena.get(slots.world_on)?;
    let maps = MapsBuffers {
        raw: model.painter.span(model.painter_tensors.raw),
        inputs,
        world_on,
        cells,
        limits,
        maps: arena.get(slots.maps)?,
        lines: arena.get(slots.lines)?,
    };
    launches.extend(shapes.maps.launches(&maps, facts)?);
    let out = arena.get(slots.out)?;
    let composed = CompositeBuffers {
        camera: arena.get(slots.rgb)?,
        world: arena.get(slots.world)?,
        front: large.0,
        behind: large.1,
        maps: maps.maps,
        column_low: arena.get(slots.axes[0])?,
        column_weight: arena.get(slots.axes[1])?,
        row_low: arena.get(slots.axes[2])?,
        row_weight: arena.get(slots.axes[3])?,
        world_on,
        out,
    };
    launches.extend(shapes.composite.launches(&composed, facts)?);
    machine.program(&[sent], launches, &[out])
}

fn shrink_buffers(arena: &Arena, slots: &Slots, rgb: Span<u8>, out: Span<f16>) -> Result<ShrinkBuffers, KernelError> {
    let [column_first, column_count, column_weights, row_first, row_count, row_weights] = slots.shrink;
    Ok(ShrinkBuffers {
        rgb,
        column_first: arena.get(column_first)?,
        column_count: arena.get(column_count)?,
        column_weights: arena.get(column_weights)?,
        row_first: arena.get(row_first)?,
        row_count: arena.get(row_count)?,
        row_weights: arena.get(row_weights)?,
        out,
    })
}

fn shrink_tables(shrink: &Shrink) -> [Vec<u8>; 6] {
    let of = |taps: &otherglass_kernels::frame_in::Taps| [ints(&taps.first), ints(&taps.count), floats(&taps.weights)];
    let ([a, b, c], [d, e, f]) = (of(&shrink.columns), of(&shrink.rows));
    [a, b, c, d, e, f]
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
