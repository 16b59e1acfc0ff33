//! Styles through the built-in renderer: shown alone and over a scene, switched off without a trace.

use std::path::Path;
use std::time::Instant;

use otherglass_generator::render::{Engine, Renderer, RendererOptions, open};
use otherglass_generator::scene::{Edit, Scene, Style, StyleName, Theme, World};
use otherglass_vision::Frame;

const WIDTH: u32 = 96;
const HEIGHT: u32 = 72;

fn house() -> Box<dyn Renderer> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    open(Engine::House, &RendererOptions::new(assets)).expect("assets/ is complete")
}

fn frame() -> Frame {
    let pixels = (0..WIDTH * HEIGHT * 3).map(|i| ((i / 3 % WIDTH) * 2 + i % 3 * 20 + i / (WIDTH * 30) * 4) as u8);
    Frame::rgb8(pixels.collect(), WIDTH, HEIGHT, 7, Instant::now()).expect("the length fits")
}

fn scene(edits: &[Edit]) -> Scene {
    let mut scene = Scene::default();
    for edit in edits {
        scene.apply(edit);
    }
    scene
}

fn stages(renderer: &dyn Renderer) -> Vec<&'static str> {
    renderer.timings().iter().map(|timing| timing.stage).collect()
}

#[test]
fn every_style_of_the_vocabulary_is_shown_without_the_networks() {
    let (mut house, frame) = (house(), frame());
    for style in StyleName::ALL.iter().copied() {
        assert!(house.abilities().can_show_style(Some(style)));
        house.set_scene(&scene(&[Edit::SetStyle { style: Style::from_name(style) }]));
        let shown = house.render(&frame).expect("a frame");
        assert_eq!((shown.width, shown.height, shown.seq), (WIDTH, HEIGHT, frame.seq));
        assert!(shown.pixels != frame.pixels, "{style:?}");
        assert_eq!(stages(house.as_ref()), ["style"], "{style:?}");
    }
    house.set_scene(&Scene::default());
    assert!(house.render(&frame).expect("a frame").pixels == frame.pixels, "the plain mirror is a copy again");
    assert!(stages(house.as_ref()).is_empty());
}

#[test]
fn a_style_is_laid_over_the_finished_picture() {
    let (mut house, frame) = (house(), frame());
    let world = Edit::SetWorld { world: World::from_theme(Theme::IceKingdom) };
    let style = Edit::SetStyle { style: Style::from_name(StyleName::Mosaic) };
    house.set_scene(&scene(std::slice::from_ref(&world)));
    let plain = house.render(&frame).expect("a frame");
    house.reset();
    house.set_scene(&scene(&[world, style.clone()]));
    let both = house.render(&frame).expect("a frame");
    assert_eq!(stages(house.as_ref()).last(), Some(&"style"));
    house.set_scene(&scene(&[style]));
    house.reset();
    let over_plain = house.render(&plain).expect("a frame");
    assert!(both.pixels == over_plain.pixels, "the style of the composed picture");
}

#[test]
fn a_reset_forgets_earlier_frames() {
    let (mut house, frame) = (house(), frame());
    house.set_scene(&scene(&[Edit::SetStyle { style: Style::from_name(StyleName::OilPainting) }]));
    let first = house.render(&frame).expect("a frame");
    let other = Frame { pixels: frame.pixels.iter().rev().copied().collect(), ..frame.clone() };
    house.render(&other).expect("a frame");
    house.reset();
    assert!(house.render(&frame).expect("a frame").pixels == first.pixels);
}
