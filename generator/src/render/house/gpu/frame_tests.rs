//! The whole renderer on the emulated device against the renderer on the CPU, on frames of a clip.

use std::path::PathBuf;

use otherglass_kernels::Machine;
use otherglass_vision::Frame;

use super::check::{difference, footage, scene};
use super::emulated;
use crate::render::house::{House, Where};
use crate::render::{Renderer, RendererOptions};

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

/// What is drawn of that frame after these words.
fn render(house: &mut House, says: &[&str], frame: &Frame) -> Vec<u8> {
    house.set_scene(&scene(says).expect("understood"));
    house.render(frame).expect("a picture").pixels
}

/// The networks are f16 on the device, and f32 on the CPU: the painter's maps are up to 0.003 off, less than a step of
/// 1/255 nearly everywhere, and points move by a thousandth of the picture, which shows at the edges of items. A mean of
/// 0.01 to 0.08 and 55 to 69 dB were measured.
const MEAN: f64 = 0.15;
const PSNR_DB: f64 = 50.0;

#[test]
fn the_device_draws_what_the_cpu_draws() {
    let machine = match emulated::device() {
        Ok(device) => Machine::Emulated(device),
        Err(reason) => return println!("skipped: the renderer on the emulated device: {reason}"),
    };
    let options = RendererOptions { seed: 4, ..RendererOptions::new(assets()) };
    let mut device = House::open(&options, &Where::On(machine)).expect("the renderer on the device");
    let mut cpu = House::open(&options, &Where::Cpu).expect("the renderer on the CPU");
    let mut undressed =
        House::open(&RendererOptions { costumes: false, ..options.clone() }, &Where::Cpu).expect("it again");
    assert_eq!((device.name(), cpu.name()), ("house@cuda", "house@cpu"));

    let frames = footage(&assets(), (160, 120), 4).expect("the demo clip");
    assert_eq!(frames.len(), 4);
    let dressed = &["give me a sword", "make it blue", "give me a crown", "give me wings"][..];
    let world = &["give me a torch", "give me a cape", "give me an elephant", "take me to an ice kingdom"][..];
    let other = &["take me to a throne hall"][..];
    let bare = &["give me a shield"][..];
    let mut control = Vec::new();
    for (frame, says) in frames.iter().zip([dressed, world, other, bare]) {
        let (ours, want) = (render(&mut device, says, frame), render(&mut cpu, says, frame));
        let (mean, psnr_db) = difference(&ours, &want);
        let (changed, _) = difference(&want, &frame.pixels);
        println!("off by {mean:.3} of 255 on average, {psnr_db:.1} dB; the scene changes {changed:.1}");
        assert!(mean < MEAN && psnr_db > PSNR_DB, "{mean} and {psnr_db} dB");
        assert!(changed > 20.0 * MEAN, "the scene hardly shows: {changed}");
        if says == other {
            // A visitor in their own clothes: the comparison must tell.
            let (mean, psnr_db) = difference(&ours, &render(&mut undressed, says, frame));
            println!("control, no costume: {mean:.3}, {psnr_db:.1} dB");
            assert!(mean > MEAN && psnr_db < PSNR_DB, "the control stayed green: {mean} and {psnr_db} dB");
        }
        control = ours;
    }
    // The last frame with a small change: the comparison must tell.
    let other = render(&mut cpu, &["give me a shield", "make it green"], &frames[3]);
    let (mean, psnr_db) = difference(&control, &other);
    assert!(mean > MEAN || psnr_db < PSNR_DB, "the control stayed green: {mean} and {psnr_db} dB");
    println!("control, a green shield: {mean:.3}, {psnr_db:.1} dB");
}
