//! The whole renderer on this machine's GPU: against the renderer on the CPU, then its times, then that it allocates
//! nothing and waits once a frame. What `house_check` runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherglass_kernels::check::allocations::allocations;
use otherglass_kernels::check::bench::{Ceilings, Effort, ceilings, percentile};
use otherglass_kernels::check::parity::Pool;
use otherglass_kernels::{Cuda, Device, KernelError, Machine, Work};
use otherglass_vision::{Frame, open_clip};
use serde::Serialize;

use super::{Facts, Format, PAINT, Wardrobe, plan};
use crate::render::house::weights::Assets;
use crate::render::house::{Canvas, House, Where};
use crate::render::{RenderError, Renderer, RendererOptions};
use crate::scene::{Conversation, Scene};

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Amounts {
    pub camera: (u32, u32),
    /// Frames of each scene that are drawn on both and compared.
    pub compared: usize,
    /// Frames that are timed.
    pub timed: usize,
    /// Frames that must allocate nothing.
    pub steady: usize,
}

impl Default for Amounts {
    fn default() -> Self {
        Self { camera: (640, 480), compared: 8, timed: 1000, steady: 10_000 }
    }
}

/// One scene on both.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub scene: String,
    pub frames: usize,
    /// Of the worst frame: mean difference in steps of 1/255, and peak signal-to-noise ratio.
    pub mean: f64,
    pub psnr_db: f64,
}

/// Times of a frame in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    pub what: &'static str,
    pub frames: usize,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// Everything that one run found. Displayed as tables.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub device: Option<Facts>,
    /// Why there is none.
    pub skipped: Option<String>,
    pub amounts: Amounts,
    pub compared: Vec<Compared>,
    /// What a comparison with other colours gave, which must be red.
    pub control: Option<Compared>,
    pub ceilings: Option<Ceilings>,
    /// Of a frame with nothing worn.
    pub work: Option<Work>,
    pub launches: usize,
    pub times: Vec<Times>,
    /// In the steady frames: times the program allocated, and bytes of device memory that were taken.
    pub allocated: Option<(u64, i64)>,
    /// How often the program waited for the device in those frames, and in one more that is waited for twice.
    pub waits: Option<(u64, u64)>,
    /// What is red.
    pub faults: Vec<String>,
}

/// What is drawn while times are taken, and first of all on both.
const TIMED: &[&str] = &["give me a sword", "give me a crown", "take me to an ice kingdom"];
const SCENES: [&[&str]; 3] = [TIMED, &["give me a shield", "give me wings"], &["give me a torch", "give me a cape"]];
/// [`TIMED`] but for two colours: bounds that are far too wide would let that pass.
const CONTROL: &[&str] = &["give me a green sword", "give me a red crown", "take me to an ice kingdom"];

/// On the CPU an item is asked for at a lattice of pixels and interpolated where the camera is wide, on the device at every
/// pixel; the networks are f16. At a camera of 160x120, where the lattice is every pixel, emulation gave a mean of 0.01
/// to 0.08 and 55 to 69 dB; the control, at one of 96x72, 1.6 and 26 dB.
const MEAN: f64 = 0.5;
const PSNR_DB: f64 = 36.0;

/// Runs it. `save` is called after every part with what is known by then.
pub fn check(
    assets: &Path,
    amounts: Amounts,
    save: &dyn Fn(&Report) -> std::io::Result<()>,
) -> Result<Report, Box<dyn std::error::Error>> {
    let mut report = Report {
        device: None,
        skipped: None,
        amounts,
        compared: Vec::new(),
        control: None,
        ceilings: None,
        work: None,
        launches: 0,
        times: Vec::new(),
        allocated: None,
        waits: None,
        faults: Vec::new(),
    };
    let cuda = match Cuda::open(0) {
        Ok(cuda) => Arc::new(cuda),
        Err(error) if error.is_absence() => {
            report.skipped = Some(error.to_string());
            save(&report)?;
            return Ok(report);
        }
        Err(error) => return Err(error.into()),
    };
    report.device = Some(cuda.facts().clone());
    count_work(assets, amounts, &mut report)?;
    let options = RendererOptions::new(assets);
    let mut device = House::open(&options, &Where::On(Machine::Cuda(Arc::clone(&cuda))))?;
    let frames = footage(assets, amounts.camera, amounts.compared.clamp(1, 16))?;
    compare(&mut device, &options, &frames, &mut report)?;
    save(&report)?;
    let raw = Raw::new(&frames, amounts.camera);
    device.set_scene(&scene(TIMED)?);
    let quick = amounts.timed < 100;
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    report.ceilings = Some(ceilings(&cuda, &mut Pool::default(), effort)?);
    time(&mut device, &cuda, &raw, &mut report)?;
    save(&report)?;
    stay_steady(&mut device, &cuda, &raw, &mut report)?;
    save(&report)?;
    Ok(report)
}

fn count_work(assets: &Path, amounts: Amounts, report: &mut Report) -> Result<(), RenderError> {
    let assets = Assets::open(assets)?;
    let fields = crate::render::house::fields::load(&assets)?;
    let facts = report.device.clone().unwrap_or_else(Facts::assumed);
    let camera = (amounts.camera.0 as usize, amounts.camera.1 as usize);
    let plan = plan(camera, Format::Yuyv, PAINT, &Wardrobe::new(&fields)?.catalogue, &facts)?;
    (report.work, report.launches) = (Some(plan.work()), plan.launches());
    Ok(())
}

/// The scene that these words end in; an error names the words that are not understood.
pub(super) fn scene(says: &[&str]) -> Result<Scene, String> {
    let mut conversation = Conversation::new();
    for said in says {
        if !conversation.respond(said).understood {
            return Err(format!("\"{said}\" is not understood"));
        }
    }
    Ok(conversation.scene().clone())
}

/// At most `wanted` frames of the demo clip, a third of a second apart, at the camera's size.
pub(super) fn footage(
    assets: &Path,
    camera: (u32, u32),
    wanted: usize,
) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
    let path = assets.join("demo/visitor.mp4");
    let mut clip = open_clip(&path)?;
    let start = Instant::now();
    let mut frames = Vec::new();
    let mut index = 0_u32;
    while let Some(frame) = clip.next_frame()? {
        if index % 10 == 5 {
            let captured_at = start + Duration::from_secs_f64(f64::from(index) / 30.0);
            let frame = frame.into_rgb8().crop_to(camera.0, camera.1)?;
            frames.push(Frame { captured_at, ..frame });
        }
        if frames.len() == wanted {
            return Ok(frames);
        }
        index += 1;
    }
    if frames.is_empty() {
        return Err(format!("{} is too short", path.display()).into());
    }
    Ok(frames)
}

/// The mean difference in steps of 1/255, and the peak signal-to-noise ratio in dB, of pictures of one size.
#[must_use]
pub(super) fn difference(a: &[u8], b: &[u8]) -> (f64, f64) {
    debug_assert_eq!(a.len(), b.len());
    let off = |(a, b): (&u8, &u8)| f64::from(*a) - f64::from(*b);
    let count = a.len().max(1) as f64;
    let mean = a.iter().zip(b).map(|pair| off(pair).abs()).sum::<f64>() / count;
    let square = a.iter().zip(b).map(|pair| off(pair).powi(2)).sum::<f64>() / count;
    (mean, 10.0 * (255.0_f64.powi(2) / square.max(1e-9)).log10())
}

fn compare(
    device: &mut House,
    options: &RendererOptions,
    frames: &[Frame],
    report: &mut Report,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut cpu = House::open(options, &Where::Cpu)?;
    let mut both = |device_says: &[&str], cpu_says: &[&str]| -> Result<Compared, Box<dyn std::error::Error>> {
        device.reset();
        cpu.reset();
        device.set_scene(&scene(device_says)?);
        cpu.set_scene(&scene(cpu_says)?);
        let worst = Compared { scene: cpu_says.join(", "), frames: frames.len(), mean: 0.0, psnr_db: f64::MAX };
        frames.iter().try_fold(worst, |worst, frame| {
            let (ours, want) = (device.render(frame)?, cpu.render(frame)?);
            let (mean, psnr_db) = difference(&ours.pixels, &want.pixels);
            Ok(Compared { mean: worst.mean.max(mean), psnr_db: worst.psnr_db.min(psnr_db), ..worst })
        })
    };
    let green = |compared: &Compared| compared.mean < MEAN && compared.psnr_db > PSNR_DB;
    // A single frame is a rehearsal, which is slow: one scene shows that it runs.
    let scenes = if frames.len() > 1 { SCENES.len() } else { 1 };
    for says in SCENES.into_iter().take(scenes) {
        let compared = both(says, says)?;
        if !green(&compared) {
            report.faults.push(format!("\"{}\" is not what the CPU draws", compared.scene));
        }
        report.compared.push(compared);
    }
    let control = both(TIMED, CONTROL)?;
    if green(&control) {
        report
            .faults
            .push("the negative control stayed green: a sword and a crown of other colours make no difference".into());
    }
    report.control = Some(control);
    Ok(())
}

/// Pictures as a camera sends them.
struct Raw {
    pictures: Vec<Vec<u8>>,
    size: (u32, u32),
    start: Instant,
}

impl Raw {
    /// YUYV of the frames, BT.601 in the limited range.
    fn new(frames: &[Frame], size: (u32, u32)) -> Self {
        let pictures = frames.iter().map(|frame| yuyv(&frame.pixels)).collect();
        Self { pictures, size, start: Instant::now() }
    }

    /// Draws the `index`th frame of footage that goes round; its first byte, so that it is needed.
    fn draw(&self, device: &mut House, index: usize) -> Result<u8, RenderError> {
        let picture = &self.pictures[index % self.pictures.len()];
        let captured_at = self.start + Duration::from_millis(33 * index as u64);
        Ok(device.render_bytes(picture, self.size, Format::Yuyv, captured_at)?[0])
    }
}

/// RGB of an even width to YUYV.
fn yuyv(rgb: &[u8]) -> Vec<u8> {
    let luma =
        |p: &[u8]| 16.0 + (65.738 * f64::from(p[0]) + 129.057 * f64::from(p[1]) + 25.064 * f64::from(p[2])) / 256.0;
    let chroma = |p: &[u8], r: f64, g: f64, b: f64| {
        128.0 + (r * f64::from(p[0]) + g * f64::from(p[1]) + b * f64::from(p[2])) / 256.0
    };
    let pair = |two: &[u8]| {
        let (a, b) = (&two[..3], &two[3..]);
        let blue = chroma(a, -37.945, -74.494, 112.439) + chroma(b, -37.945, -74.494, 112.439);
        let red = chroma(a, 112.439, -94.154, -18.285) + chroma(b, 112.439, -94.154, -18.285);
        [luma(a), 0.5 * blue, luma(b), 0.5 * red].map(|value| value.round().clamp(0.0, 255.0) as u8)
    };
    rgb.chunks_exact(6).flat_map(pair).collect()
}

fn times(what: &'static str, mut each_ms: Vec<f64>) -> Times {
    each_ms.sort_by(f64::total_cmp);
    let at = |share| percentile(&each_ms, share);
    Times { what, frames: each_ms.len(), p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }
}

const WARM_UP: usize = 50;

fn time(
    device: &mut House,
    cuda: &Arc<Cuda>,
    raw: &Raw,
    report: &mut Report,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = report.amounts.timed.max(1);
    for index in 0..WARM_UP.min(count) {
        raw.draw(device, index)?;
    }
    let mut each_ms = Vec::with_capacity(count);
    for index in 0..count {
        let start = Instant::now();
        std::hint::black_box(raw.draw(device, index)?);
        each_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    report.times.push(times("camera's YUYV in host memory to RGBA in host memory", each_ms));
    report.times.push(on_the_device("device alone", cuda, count, || device.work_again())?);
    let Canvas::Gpu(gpu) = &device.canvas else { return Err("no device".into()) };
    let networks = cuda.record(|cuda| gpu.networks().try_for_each(|launch| cuda.launch(launch)))?;
    report.times.push(on_the_device("networks alone", cuda, count, || Ok(networks.replay()?))?);
    Ok(())
}

/// Times `work`, which only asks, between marks in the stream.
fn on_the_device(
    what: &'static str,
    cuda: &Cuda,
    count: usize,
    work: impl Fn() -> Result<(), RenderError>,
) -> Result<Times, RenderError> {
    let mut marks = Vec::with_capacity(count);
    for _ in 0..count {
        let before = cuda.mark()?;
        work()?;
        marks.push((before, cuda.mark()?));
    }
    cuda.synchronize()?;
    let each_ms = marks.iter().map(|(before, after)| Ok(f64::from(before.until_ms(after)?)));
    Ok(times(what, each_ms.collect::<Result<Vec<f64>, KernelError>>()?))
}

fn stay_steady(
    device: &mut House,
    cuda: &Arc<Cuda>,
    raw: &Raw,
    report: &mut Report,
) -> Result<(), Box<dyn std::error::Error>> {
    // A round of all pictures first: buffers grow to what is worn in them.
    for index in 0..raw.pictures.len() {
        raw.draw(device, index)?;
    }
    // The question for free memory allocates by itself, so it is asked outside of what is counted.
    let free_before = cuda.free_bytes()?;
    let (before, waits_before) = (allocations(), cuda.waits());
    for index in 0..report.amounts.steady {
        std::hint::black_box(raw.draw(device, index)?);
    }
    let host = allocations() - before;
    let waits = cuda.waits() - waits_before;
    let taken = free_before as i64 - cuda.free_bytes()? as i64;
    if host != 0 || taken != 0 {
        report.faults.push(format!("{host} allocations and {taken} bytes of device memory in the steady state"));
    }
    report.allocated = Some((host, taken));
    let frames = report.amounts.steady as u64;
    if waits != frames {
        report.faults.push(format!("{waits} waits in {frames} frames, which should be one each"));
    }
    let before = cuda.waits();
    raw.draw(device, 0)?;
    cuda.synchronize()?;
    let control = cuda.waits() - before;
    if control != 2 {
        report.faults.push(format!("a frame that is waited for twice counts {control} waits"));
    }
    report.waits = Some((waits, control));
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amounts { camera, compared, timed, steady } = self.amounts;
        if let Some(reason) = &self.skipped {
            let scenes = SCENES.len();
            return writeln!(
                text,
                "skipped: {scenes} scenes of {compared} frames against the CPU, a control, {timed} frames timed in 3 ways and \
                 {steady} frames that may allocate nothing and wait once each: {reason}"
            );
        }
        if let Some(facts) = &self.device {
            writeln!(text, "{}, camera {}x{}", facts.name, camera.0, camera.1)?;
        }
        writeln!(text, "\n{:>7} {:>8} {:>6}  scene, against the CPU", "mean", "PSNR dB", "frames")?;
        for Compared { scene, frames, mean, psnr_db } in &self.compared {
            writeln!(text, "{mean:>7.3} {psnr_db:>8.1} {frames:>6}  {scene}")?;
        }
        if let Some(Compared { scene, frames, mean, psnr_db }) = &self.control {
            writeln!(text, "{mean:>7.3} {psnr_db:>8.1} {frames:>6}  control, must differ: {scene}")?;
        }
        if let (Some(work), Some(ceilings)) = (self.work, self.ceilings) {
            let least = (work.flops as f64 / ceilings.flops_per_second, work.bytes as f64 / ceilings.bytes_per_second);
            writeln!(
                text,
                "\n{} launches, {:.3} GFLOP, {:.1} MB; measured ceilings {:.1} TFLOP/s, {:.0} GB/s: {:.1} us and {:.1} us at least",
                self.launches,
                work.flops as f64 / 1e9,
                work.bytes as f64 / 1e6,
                ceilings.flops_per_second / 1e12,
                ceilings.bytes_per_second / 1e9,
                least.0 * 1e6,
                least.1 * 1e6
            )?;
        }
        writeln!(text, "\n{:>9} {:>9} {:>9} {:>7}  in ms, with {}", "p50", "p95", "p99", "frames", TIMED.join(", "))?;
        for Times { what, frames, p50_ms, p95_ms, p99_ms } in &self.times {
            writeln!(text, "{p50_ms:>9.3} {p95_ms:>9.3} {p99_ms:>9.3} {frames:>7}  {what}")?;
        }
        if let Some((host, device)) = self.allocated {
            writeln!(text, "\n{steady} steady frames: {host} allocations, {device} bytes of device memory taken")?;
        }
        if let Some((waits, control)) = self.waits {
            writeln!(text, "{steady} steady frames: {waits} waits (control, one frame waited for twice: {control})")?;
        }
        for fault in &self.faults {
            writeln!(text, "RED: {fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_and_colours_become_what_cameras_send() {
        assert_eq!(yuyv(&[0; 6]), [16, 128, 16, 128]);
        assert_eq!(yuyv(&[255; 6]), [235, 128, 235, 128]);
        assert_eq!(yuyv(&[255, 0, 0, 255, 0, 0]), [81, 90, 81, 240]);
    }

    #[test]
    fn the_scenes_are_understood() {
        for says in SCENES.into_iter().chain([CONTROL]) {
            scene(says).expect("understood");
        }
    }
}
