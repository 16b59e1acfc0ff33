//! What of a frame depends on the camera: its buffers in one arena, and the graph of a frame.
//!
//! ```text
//! camera's bytes, time ──> RGB ──> 256x192 ──> in fours ──> sense network ──> points, pose ──> body followed ─┐
//!                                                                                                           v
//! RGBA <── composed <── maps <── painter <── fields at both sizes <── table, circles <── scene hung on the body
//! ```

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan, Layout, Slot};
use otherglass_kernels::cells::CellsBuffers;
use otherglass_kernels::composite::{Axis, CompositeBuffers};
use otherglass_kernels::costume::{self, Costume, DyeBuffers, FITTING_LEN, MeasureBuffers};
use otherglass_kernels::fields::{Fields, FieldsBuffers};
use otherglass_kernels::frame_in::{FrameToRgbBuffers, Shrink, ShrinkBuffers};
use otherglass_kernels::maps::{Limits, MapsBuffers};
use otherglass_kernels::place::{PlaceBuffers, Scene, WornLayer};
use otherglass_kernels::sketch::SketchBuffers;
use otherglass_kernels::track::{BODY_LEN, STATE_LEN, TrackBuffers, time};
use otherglass_kernels::{Device, Kernel, KernelError, Launch, Machine, Program, Span};

use super::model::{Model, floats};
use super::outfit::{MOST_PLACED, PLACED_BYTES, block};
use super::{Format, Shapes};

/// Where in what a frame sends up the camera's bytes begin, after its time.
const CAMERA: usize = 256;

/// Everything for cameras of one size and format.
pub struct ForSize {
    pub size: (usize, usize),
    pub format: Format,
    arena: Arena,
    /// In: time and the camera's bytes. Out: RGBA.
    frame: Program,
    world: Span<u8>,
    world_on: Span<u8>,
    /// What is worn, as [`super::outfit`] lays it out.
    scene: Span<u8>,
    /// The costume that is on, and its tiles of cloth.
    costume: Span<u8>,
    tiles: Span<u8>,
    /// What is remembered from the frame before: the body as it was followed, what was body, and the visitor's colours.
    remembered: [Span<u8>; 3],
    show_world: Vec<Launch>,
    hide_world: Vec<Launch>,
}

/// Places in the arena.
struct Slots {
    sent: Slot,
    rgb: Slot,
    world: Slot,
    world_on: Slot,
    shrink: [Slot; 6],
    axes: [Slot; 4],
    cell_axes: [Slot; 4],
    scene: Slot,
    tracked: Slot,
    body: Slot,
    placed: [Slot; 2],
    limits: Slot,
    sketch: [Slot; 2],
    layers: [Slot; 2],
    seen: Slot,
    cells: Slot,
    maps: Slot,
    lines: Slot,
    costume: Slot,
    tiles: Slot,
    colours: Slot,
    fitting: Slot,
    person: Slot,
    out: Slot,
}

/// The tables of the resampling, and the arena that they and everything else of a frame lie in.
pub struct Room {
    shrink: [Vec<u8>; 6],
    axes: [Vec<u8>; 4],
    cell_axes: [Vec<u8>; 4],
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
        let (axes, cell_axes) = (axis_tables(shapes.composite.axes()), axis_tables(shapes.dye.axes()));
        let mut plan = ArenaPlan::default();
        let mut room = |bytes: usize| plan.always(bytes);
        let slots = Slots {
            sent: room(CAMERA + shapes.to_rgb.camera_len()),
            rgb: room(3 * area),
            world: room(3 * area),
            world_on: room(4),
            shrink: shrink.each_ref().map(|table| room(table.len())),
            axes: axes.each_ref().map(|table| room(table.len())),
            cell_axes: cell_axes.each_ref().map(|table| room(table.len())),
            scene: room(block::BYTES),
            tracked: room(4 * STATE_LEN),
            body: room(4 * BODY_LEN),
            placed: [0; 2].map(|_| room(PLACED_BYTES)),
            limits: room(4 * Limits::LEN),
            sketch: [0; 2].map(|_| room(8 * model_area)),
            layers: [0; 2].map(|_| room(8 * area)),
            seen: room(4 * cells),
            cells: room(8 * cells),
            maps: room(64 * model_area),
            lines: room(8 * model_area),
            costume: room(4 * Costume::LEN),
            tiles: room(2 * costume::TILES_LEN),
            colours: room(4 * costume::state_len(cells)),
            fitting: room(4 * FITTING_LEN),
            person: room(4 * area),
            out: room(4 * area),
        };
        Self { shrink, axes, cell_axes, slots, layout: plan.lay_out() }
    }
}

impl ForSize {
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
        let Room { shrink, axes, cell_axes, slots, layout } = Room::new(shapes);
        let arena = match old {
            Some(old) => old.arena.laid_out_anew(device, layout)?,
            None => Arena::new(device, layout)?,
        };
        let tables = shrink.iter().chain(&axes).chain(&cell_axes);
        for (slot, table) in slots.shrink.iter().chain(&slots.axes).chain(&slots.cell_axes).zip(tables) {
            device.write(arena.get(*slot)?, table)?;
        }
        let world_on = arena.get::<u8>(slots.world_on)?;
        device.write(world_on, &0_i32.to_le_bytes())?;

        let mut launches = look(device, model, shapes, &arena, &slots)?;
        launches.extend(hang(device, model, shapes, &arena, &slots)?);
        launches.extend(paint(device, model, shapes, fields, &arena, &slots)?);
        let frame = machine.program(&[arena.get(slots.sent)?], launches, &[arena.get(slots.out)?])?;
        let inputs = model.painter.span(model.painter_tensors.inputs);
        let world = arena.get(slots.world)?;
        let shrunk = |shrink: &Shrink| shrink.launches(&shrink_buffers(&arena, &slots, world, inputs)?, device.facts());
        let (show_world, hide_world) = (shrunk(&shapes.world)?, shrunk(&shapes.no_world)?);
        let sized = Self {
            size: (width, height),
            format: shapes.to_rgb.format,
            frame,
            world,
            world_on,
            scene: arena.get(slots.scene)?,
            costume: arena.get(slots.costume)?,
            tiles: arena.get(slots.tiles)?,
            remembered: [arena.get(slots.tracked)?, arena.get(slots.seen)?, arena.get(slots.colours)?],
            show_world,
            hide_world,
            arena,
        };
        sized.show(device, None, None)?;
        sized.forget_body(device)?;
        Ok(sized)
    }

    /// Forgets the body of the frames before.
    pub fn forget_body(&self, device: &dyn Device) -> Result<(), KernelError> {
        self.remembered.iter().try_for_each(|&span| device.fill(span, 0))
    }

    /// Something else is worn from now on.
    pub fn wear(&self, device: &dyn Device, outfit: &[u8]) -> Result<(), KernelError> {
        device.write(self.scene, outfit)
    }

    /// How many bytes a camera's picture has.
    #[must_use]
    pub fn camera_len(&mut self) -> usize {
        self.frame.incoming(0).len() - CAMERA
    }

    /// Draws a camera's picture, taken at that time: RGBA bytes. The only wait of a frame whose scene has not changed is in here.
    pub fn draw(&mut self, camera: &[u8], seconds: f64) -> Result<&[u8], KernelError> {
        let sent = self.frame.incoming(0);
        for (to, part) in sent.as_chunks_mut::<4>().0.iter_mut().zip(time(seconds)) {
            *to = part.to_le_bytes();
        }
        sent[CAMERA..].copy_from_slice(camera);
        self.frame.run()?;
        Ok(self.frame.outgoing(0))
    }

    /// The device's part of the last frame once more, without waiting.
    pub fn work_again(&self) -> Result<(), KernelError> {
        self.frame.work()
    }

    /// Another world from now on, RGB bytes of the camera's size, or none; and what it dresses the visitor in, if it does.
    pub fn show(
        &self,
        device: &dyn Device,
        world: Option<&[u8]>,
        costume: Option<&(Costume, Vec<u8>)>,
    ) -> Result<(), KernelError> {
        if let Some(picture) = world {
            device.write(self.world, picture)?;
        }
        if let Some((_, tiles)) = costume {
            device.write(self.tiles, tiles)?;
        }
        device.write(self.costume, costume.map_or(Costume::none(), |(costume, _)| *costume).bytes())?;
        device.write(self.world_on, &i32::from(world.is_some()).to_le_bytes())?;
        let launches = if world.is_some() { &self.show_world } else { &self.hide_world };
        launches.iter().try_for_each(|launch| device.launch(launch))
    }
}

/// From the camera's bytes to points, pose and the body's parts.
fn look(
    device: &dyn Device,
    model: &Model,
    shapes: &Shapes,
    arena: &Arena,
    slots: &Slots,
) -> Result<Vec<Launch>, KernelError> {
    let facts = device.facts();
    let sent = arena.get::<u8>(slots.sent)?;
    let (bytes, rgb) = (sent.part(CAMERA, shapes.to_rgb.camera_len())?, arena.get(slots.rgb)?);
    let inputs = model.painter.span(model.painter_tensors.inputs);
    let mut launches = shapes.to_rgb.launches(&FrameToRgbBuffers { bytes, rgb }, facts)?;
    launches.extend(shapes.shrink.launches(&shrink_buffers(arena, slots, rgb, inputs)?, facts)?);
    launches.extend(model.look.iter().cloned());
    Ok(launches)
}

/// The body followed, and the scene hung on it.
fn hang(
    device: &dyn Device,
    model: &Model,
    shapes: &Shapes,
    arena: &Arena,
    slots: &Slots,
) -> Result<Vec<Launch>, KernelError> {
    let facts = device.facts();
    let scene_block = arena.get::<u8>(slots.scene)?;
    let (time, scene) = (arena.get::<u8>(slots.sent)?.part(0, 2)?, scene_block.part(block::SCENE, Scene::LEN)?);
    let (body, tracked) = (arena.get(slots.body)?, arena.get(slots.tracked)?);
    let (points, pose) = (model.seen.points, model.seen.pose);
    let followed = TrackBuffers { points, pose, time, scene, before: tracked, after: tracked, body };
    let mut launches = shapes.track.launches(&followed, facts)?;
    let worn = scene_block.part(block::WORN, MOST_PLACED * WornLayer::LEN)?;
    let [small, large] = slots.placed.map(|slot| arena.get(slot));
    let limits = arena.get(slots.limits)?;
    let hung = PlaceBuffers { body, time, scene, worn, small: small?, large: large?, limits };
    launches.extend(shapes.place.launches(&hung, facts)?);
    Ok(launches)
}

/// From what hangs where to the picture.
fn paint(
    device: &dyn Device,
    model: &Model,
    shapes: &Shapes,
    (layers, weights): (Span<f32>, Span<f32>),
    arena: &Arena,
    slots: &Slots,
) -> Result<Vec<Launch>, KernelError> {
    let facts = device.facts();
    let inputs = model.painter.span(model.painter_tensors.inputs);
    let pictures = |slots: &[Slot; 2]| -> Result<(Span<f16>, Span<f16>), KernelError> {
        Ok((arena.get(slots[0])?, arena.get(slots[1])?))
    };
    let count = arena.get::<u8>(slots.scene)?.part(block::COUNT, 1)?;
    let drawn = |fields: &Fields, placed: Slot, (front, behind): (Span<f16>, Span<f16>)| {
        let placed = arena.get(placed)?;
        fields.launches(&FieldsBuffers { weights, layers, placed, count, front, behind }, facts)
    };
    let (small, large) = (pictures(&slots.sketch)?, pictures(&slots.layers)?);
    let mut launches = drawn(&shapes.small_fields, slots.placed[0], small)?;
    launches.extend(drawn(&shapes.large_fields, slots.placed[1], large)?);
    let joined = SketchBuffers { front: small.0, behind: small.1, out: inputs };
    launches.extend(shapes.sketch.launches(&joined, facts)?);
    launches.extend(model.painter.launches().iter().cloned());
    let (cells, limits, seen) = (arena.get(slots.cells)?, arena.get(slots.limits)?, arena.get(slots.seen)?);
    let parts = model.painter.span(model.painter_tensors.parts);
    let followed = CellsBuffers { parts, limits, before: seen, after: seen, out: cells };
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
    let (costume, colours, fitting) = (arena.get(slots.costume)?, arena.get(slots.colours)?, arena.get(slots.fitting)?);
    let body = arena.get(slots.body)?;
    let measured = MeasureBuffers { inputs, parts, body, costume, before: colours, after: colours, fitting };
    launches.extend(shapes.measure.launches(&measured, facts)?);
    let (camera, person) = (arena.get(slots.rgb)?, arena.get(slots.person)?);
    let dyed = DyeBuffers {
        camera,
        state: colours,
        fitting,
        costume,
        tiles: arena.get(slots.tiles)?,
        column_low: arena.get(slots.cell_axes[0])?,
        column_weight: arena.get(slots.cell_axes[1])?,
        row_low: arena.get(slots.cell_axes[2])?,
        row_weight: arena.get(slots.cell_axes[3])?,
        out: person,
    };
    launches.extend(shapes.dye.launches(&dyed, facts)?);
    let composed = CompositeBuffers {
        camera,
        world: arena.get(slots.world)?,
        front: large.0,
        behind: large.1,
        maps: maps.maps,
        column_low: arena.get(slots.axes[0])?,
        column_weight: arena.get(slots.axes[1])?,
        row_low: arena.get(slots.axes[2])?,
        row_weight: arena.get(slots.axes[3])?,
        world_on,
        person,
        dressed: fitting,
        out: arena.get(slots.out)?,
    };
    launches.extend(shapes.composite.launches(&composed, facts)?);
    Ok(launches)
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

fn axis_tables((columns, rows): (Axis, Axis)) -> [Vec<u8>; 4] {
    [ints(&columns.low), floats(&columns.weight), ints(&rows.low), floats(&rows.weight)]
}

fn shrink_tables(shrink: &Shrink) -> [Vec<u8>; 6] {
    let of = |taps: &otherglass_kernels::frame_in::Taps| [ints(&taps.first), ints(&taps.count), floats(&taps.weights)];
    let ([a, b, c], [d, e, f]) = (of(&shrink.columns), of(&shrink.rows));
    [a, b, c, d, e, f]
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
