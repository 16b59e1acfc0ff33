//! What every style must keep: it shows, it stands still, it does not depend on the camera's size.

use super::*;

/// A picture with a face-like disc, a dark bar, a coloured area and a slope of light.
fn picture(width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width * height * 3);
    for i in 0..width * height {
        let scale = 1.0 / width as f32;
        let (x, y) = (((i % width) as f32 + 0.5) * scale, ((i / width) as f32 + 0.5) * scale);
        let soft = |edge: f32| (0.5 - edge * 200.0).clamp(0.0, 1.0);
        let mut colour = [0.55 + 0.3 * x, 0.6 + 0.2 * x, 0.62 + 0.1 * y];
        let mut lay = |amount: f32, over: [f32; 3]| {
            for (value, over) in colour.iter_mut().zip(over) {
                *value += amount * (over - *value);
            }
        };
        lay(soft((x - 0.85).abs() - 0.1), [0.1, 0.3, 0.7]);
        lay(soft((x - 0.4).hypot(y - 0.33) - 0.16), [0.75, 0.52, 0.42]);
        lay(soft((x - 0.34).hypot(y - 0.3) - 0.02), [0.1, 0.08, 0.08]);
        lay(soft((x - 0.46).hypot(y - 0.3) - 0.02), [0.1, 0.08, 0.08]);
        lay(soft((y - 0.4).abs().max((x - 0.4).abs() * 0.3) - 0.012), [0.5, 0.15, 0.15]);
        lay(soft((y - 0.65 + 0.2 * x).abs() - 0.05), [0.08, 0.08, 0.1]);
        pixels.extend(colour.map(|value| (value * 255.0 + 0.5) as u8));
    }
    pixels
}

/// The same picture with noise of -2..2 grey levels that `seed` decides.
fn noisy(pixels: &[u8], seed: u64) -> Vec<u8> {
    let noise = |i: usize| (texture::chance(seed, i as i64, 7) * 5.0) as i16 - 2;
    pixels.iter().enumerate().map(|(i, &value)| (i16::from(value) + noise(i)).clamp(0, 255) as u8).collect()
}

fn stylist(style: StyleName, seed: u64) -> Stylist {
    let mut stylist = Stylist::new(seed);
    stylist.set(Some(style));
    stylist
}

fn painted(stylist: &mut Stylist, pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut pixels = pixels.to_vec();
    stylist.paint(&mut pixels, width, height);
    pixels
}

/// Mean difference in grey levels.
fn difference(a: &[u8], b: &[u8]) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| f32::from(a.abs_diff(b))).sum::<f32>() / a.len() as f32
}

/// Means over squares of `side` pixels.
fn shrunk(pixels: &[u8], width: usize, height: usize, side: usize) -> Vec<u8> {
    let (columns, rows) = (width / side, height / side);
    let mut out = Vec::new();
    for i in 0..columns * rows * 3 {
        let (k, x, y) = (i % 3, i / 3 % columns * side, i / 3 / columns * side);
        let square = (0..side * side).map(|j| u32::from(pixels[((y + j / side) * width + x + j % side) * 3 + k]));
        out.push((square.sum::<u32>() / (side * side) as u32) as u8);
    }
    out
}

#[test]
fn every_style_changes_the_picture_and_keeps_what_it_shows() {
    let (width, height) = (320, 240);
    let source = picture(width, height);
    for style in StyleName::ALL.iter().copied() {
        let out = painted(&mut stylist(style, 0), &source, width, height);
        assert!(difference(&out, &source) > 4.0, "{style:?} hardly changes the picture");
        let grey = |pixels: &[u8]| -> Vec<f32> {
            let small = shrunk(pixels, width, height, 8);
            small.as_chunks::<3>().0.iter().map(|rgb| plane::luma(rgb.map(f32::from))).collect()
        };
        let alike = correlation(&grey(&out), &grey(&source));
        assert!(alike > 0.85, "{style:?} loses the picture: correlation {alike}");
    }
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f32, f32) -> f32| a.iter().zip(b).map(|(&a, &b)| f(a - mean_a, b - mean_b)).sum::<f32>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn a_style_follows_from_picture_and_seed() {
    let (width, height) = (160, 120);
    let source = picture(width, height);
    for style in StyleName::ALL.iter().copied() {
        let once = painted(&mut stylist(style, 3), &source, width, height);
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let again = one_thread.install(|| painted(&mut stylist(style, 3), &source, width, height));
        assert!(once == again, "{style:?} is another picture on one thread");
        let other = painted(&mut stylist(style, 4), &source, width, height);
        let seeded = !matches!(style, StyleName::Comic | StyleName::PixelArt);
        assert_eq!(once != other, seeded, "{style:?}");
    }
}

#[test]
fn grey_stays_grey() {
    let (width, height) = (320, 240);
    let source = vec![128; width * height * 3];
    for style in StyleName::ALL.iter().copied() {
        let out = painted(&mut stylist(style, 0), &source, width, height);
        // Paper shows through water colour and pencil: both are lighter than what they draw.
        let (least, most) = match style {
            StyleName::Watercolor => (10.0, 60.0),
            StyleName::PencilSketch => (10.0, 90.0),
            _ => (-16.0, 24.0),
        };
        for k in 0..3 {
            let sum: f32 = out.iter().skip(k).step_by(3).map(|&value| f32::from(value)).sum();
            let lighter = sum / (width * height) as f32 - 128.0;
            assert!((least..most).contains(&lighter), "{style:?} makes channel {k} of grey lighter by {lighter}");
        }
    }
}

#[test]
fn drawing_in_pieces_equals_drawing_whole_and_a_reset_forgets() {
    let (width, height) = (96, 72);
    let frames: Vec<Vec<u8>> = (0..4).map(|i| noisy(&picture(width, height), i)).collect();
    for style in StyleName::ALL.iter().copied() {
        let draw = |stylist: &mut Stylist, frames: &[Vec<u8>]| -> Vec<Vec<u8>> {
            frames.iter().map(|frame| painted(stylist, frame, width, height)).collect()
        };
        let whole = draw(&mut stylist(style, 0), &frames);
        let mut pieces = stylist(style, 0);
        let mut drawn = draw(&mut pieces, &frames[..1]);
        drawn.extend(draw(&mut pieces, &frames[1..]));
        assert!(whole == drawn, "{style:?}");
        pieces.reset();
        assert!(draw(&mut pieces, &frames) == whole, "{style:?} remembers what was before the reset");
    }
}

/// How much more a picture trembles after `paint` than before: root mean square differences of successive frames of one
/// still picture with noise.
fn tremble(width: usize, height: usize, mut paint: impl FnMut(&[u8]) -> Vec<u8>) -> f32 {
    let source = picture(width, height);
    let (mut before, mut after) = (0.0, 0.0);
    let mut last: Option<(Vec<u8>, Vec<u8>)> = None;
    for seed in 0..7 {
        let frame = noisy(&source, seed);
        let out = paint(&frame);
        if let Some((last_frame, last_out)) = &last
            && seed > 2
        {
            let power =
                |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum::<f64>();
            before += power(&frame, last_frame);
            after += power(&out, last_out);
        }
        last = Some((frame, out));
    }
    (after / before).sqrt() as f32
}

#[test]
fn noise_does_not_make_a_style_boil() {
    let (width, height) = (320, 240);
    const MOST: f32 = 0.8;
    for style in StyleName::ALL.iter().copied() {
        let mut stylist = stylist(style, 0);
        let ratio = tremble(width, height, |frame| painted(&mut stylist, frame, width, height));
        println!("{style:?} trembles {ratio:.2} times as much as the camera");
        assert!(ratio < MOST, "{style:?} trembles {ratio} times as much as the camera");
    }
    // The control: tones cut hard must not pass.
    let hard = tremble(width, height, |frame| frame.iter().map(|&value| value / 64 * 64 + 32).collect());
    assert!(hard > 2.0 * MOST, "hard tones tremble {hard} times as much as the camera");
}

#[test]
fn all_sizes_can_be_painted() {
    for style in StyleName::ALL.iter().copied() {
        let mut stylist = stylist(style, 0);
        for (width, height) in [(1, 1), (2, 3), (16, 16), (17, 33), (161, 47), (640, 16), (16, 640), (1921, 23)] {
            let source = picture(width, height);
            let out = painted(&mut stylist, &source, width, height);
            assert_eq!(out.len(), source.len(), "{style:?} {width}x{height}");
        }
    }
}

#[test]
fn a_camera_of_twice_the_size_shows_the_same_picture() {
    let (width, height) = (640, 480);
    let (small, large) = (picture(width, height), picture(2 * width, 2 * height));
    for style in StyleName::ALL.iter().copied() {
        let small = painted(&mut stylist(style, 0), &small, width, height);
        let large = painted(&mut stylist(style, 0), &large, 2 * width, 2 * height);
        let halved = shrunk(&large, 2 * width, 2 * height, 2);
        let apart = difference(&small, &halved);
        assert!(apart < 8.0, "{style:?} at twice the size differs by {apart} grey levels");
    }
}

#[test]
fn without_a_style_nothing_is_touched() {
    let source = picture(64, 48);
    let mut stylist = stylist(StyleName::Comic, 0);
    assert!(painted(&mut stylist, &source, 64, 48) != source);
    stylist.set(None);
    assert!(!stylist.is_on() && painted(&mut stylist, &source, 64, 48) == source);
}
