//! The whole renderer on the emulated device against the renderer on the CPU, on frames of a clip.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherglass_kernels::emulated::compile;
use otherglass_kernels::{Emulated, Machine};
use otherglass_vision::{Frame, open_clip};

use crate::render::house::{House, Where};
use crate::render::{Renderer, RendererOptions};
use crate::scene::{Conversation, Scene};

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

/// Every 20th frame of the demo visitor, small.
fn frames(count: usize) -> Vec<Frame> {
    let mut clip = open_clip(assets().join("demo/visitor.mp4")).expect("the demo clip");
    let start = Instant::now();
    let mut frames = Vec::new();
    for index in 0.. {
        let Some(frame) = clip.next_frame().expect("a frame") else { break };
        if index % 20 == 10 {
            let captured_at = start + Duration::from_secs_f64(f64::from(index) / 30.0);
            let frame = frame.into_rgb8().crop_to(160, 120).expect("a smaller frame");
            frames.push(Frame { captured_at, ..frame });
        }
        if frames.len() == count {
            break;
        }
    }
    assert_eq!(frames.len(), count);
    frames
}

fn scene(says: &[&str]) -> Scene {
    let mut conversation = Conversation::new();
    for said in says {
        assert!(conversation.respond(said).understood, "{said}");
    }
    conversation.scene().clone()
}

fn render(house: &mut House, scene: &Scene, frame: &Frame) -> Vec<u8> {
    house.set_scene(scene);
    house.render(frame).expect("a picture").pixels
}

/// The mean difference in steps of 1/255, and the peak signal-to-noise ratio in dB.
fn difference(a: &[u8], b: &[u8]) -> (f64, f64) {
    assert_eq!(a.len(), b.len());
    let off = |(a, b): (&u8, &u8)| f64::from(*a) - f64::from(*b);
    let mean = a.iter().zip(b).map(|pair| off(pair).abs()).sum::<f64>() / a.len() as f64;
    let square = a.iter().zip(b).map(|pair| off(pair).powi(2)).sum::<f64>() / a.len() as f64;
    (mean, 10.0 * (255.0_f64.powi(2) / square.max(1e-9)).log10())
}

/// The networks are f16 on the device, and f32 on the CPU: the painter's maps are up to 0.003 off, less than a step of
/// 1/255 nearly everywhere, and points move by a thousandth of the picture, which shows at the edges of items. A mean of
/// 0.02 to 0.04 and 59 to 64 dB were measured.
const MEAN: f64 = 0.15;
const PSNR_DB: f64 = 50.0;

#[test]
fn the_device_draws_what_the_cpu_draws() {
    let folder = tempfile::tempdir().expect("folder");
    let library = match compile(folder.path(), "kernels.so", &[]) {
        Ok(library) => library,
        Err(reason) => return println!("skipped: the renderer on the emulated device: {reason}"),
    };
    let machine = Machine::Emulated(Arc::new(Emulated::open(&library, 3).expect("emulator")));
    let options = RendererOptions { seed: 4, costumes: false, ..RendererOptions::new(assets()) };
    let mut device = House::open(&options, &Where::On(machine)).expect("the renderer on the device");
    let mut cpu = House::open(&options, &Where::Cpu).expect("the renderer on the CPU");
    assert_eq!((device.name(), cpu.name()), ("house@cuda", "house@cpu"));

    let frames = frames(3);
    let dressed = scene(&["give me a sword", "make it blue", "give me a crown", "give me wings"]);
    let world = scene(&["give me a torch", "give me a cape", "give me an elephant", "take me to an ice kingdom"]);
    let bare = scene(&["give me a shield"]);
    let mut control = Vec::new();
    for (frame, scene) in frames.iter().zip([&dressed, &world, &bare]) {
        let (ours, want) = (render(&mut device, scene, frame), render(&mut cpu, scene, frame));
        let (mean, psnr_db) = difference(&ours, &want);
        let (changed, _) = difference(&want, &frame.pixels);
        println!("off by {mean:.3} of 255 on average, {psnr_db:.1} dB; the scene changes {changed:.1}");
        assert!(mean < MEAN && psnr_db > PSNR_DB, "{mean} and {psnr_db} dB");
        assert!(changed > 20.0 * MEAN, "the scene hardly shows: {changed}");
        control = ours;
    }
    // The last frame with a small change: the comparison must tell.
    let other = render(&mut cpu, &scene(&["give me a shield", "make it green"]), &frames[2]);
    let (mean, psnr_db) = difference(&control, &other);
    assert!(mean > MEAN || psnr_db < PSNR_DB, "the control stayed green: {mean} and {psnr_db} dB");
    println!("control, a green shield: {mean:.3}, {psnr_db:.1} dB");
}
