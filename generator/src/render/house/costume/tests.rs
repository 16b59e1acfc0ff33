use super::*;
use crate::render::house::geometry::Vec2;

const SIZE: (usize, usize) = (320, 240);

/// A visitor with a grey shirt, bare arms in columns 16..20, a face above; cells of the parts' grid.
fn parts() -> Grid {
    let mut parts = Grid::new(48, 64, PARTS);
    for y in 0..48 {
        for (x, pixel) in parts.row_mut(y).chunks_exact_mut(PARTS).enumerate() {
            let part = match (x, y) {
                (28..36, 8..18) => part::FACE,
                (20..44, 20..48) => part::TORSO,
                (16..20, 24..48) => part::ARMS[0],
                _ => 0,
            };
            pixel[part] = 1.0;
        }
    }
    parts
}

const SKIN: [f32; 3] = [0.72, 0.52, 0.42];

fn colour_at(cell: (usize, usize)) -> [f32; 3] {
    match cell {
        (28..36, 8..18) | (16..20, 24..48) => SKIN,
        (20..44, 20..48) => [0.40, 0.42, 0.45],
        _ => [0.2, 0.5, 0.3],
    }
}

fn pictures() -> (Vec<u8>, Vec<f32>) {
    let byte = |v: f32| (v * 255.0 + 0.5) as u8;
    let camera = (0..SIZE.0 * SIZE.1).flat_map(|i| colour_at((i % SIZE.0 / 5, i / SIZE.0 / 5)).map(byte)).collect();
    let area = PAINT.0 * PAINT.1;
    let small = (0..3 * area).map(|i| colour_at((i % area % PAINT.0 / 4, i % area / PAINT.0 / 4))[i / area]).collect();
    (camera, small)
}

fn shoulders() -> ItemFrame {
    let unit = 130.0;
    ItemFrame {
        o: Vec2::new(160.0, 100.0),
        ex: Vec2::new(unit, 0.0),
        ey: Vec2::new(0.0, -unit),
        ez: Vec2::new(0.0, 0.0),
    }
}

fn in_costume(theme: Theme) -> Vec<u8> {
    let (camera, small) = pictures();
    let fit = Fit::new(SIZE, PAINT);
    Tailor::default().put_on(theme, (&camera, SIZE), fit, &small, &parts(), &shoulders()).to_vec()
}

fn change(a: &[u8], b: &[u8], (x, y): (usize, usize)) -> i32 {
    let at = (y * SIZE.0 + x) * 3;
    (0..3).map(|k| (i32::from(a[at + k]) - i32::from(b[at + k])).abs()).sum()
}

#[test]
fn cloth_is_dyed_and_skin_and_the_room_are_not() {
    let (camera, _) = pictures();
    for theme in Theme::ALL {
        let out = in_costume(*theme);
        let shirt: i32 = (120..200).map(|x| change(&camera, &out, (x, 200))).sum::<i32>() / 80;
        assert!(shirt > 30, "{theme:?} leaves the shirt as it is: {shirt}");
        for (what, at) in [("face", (160, 65)), ("room", (40, 60)), ("bare arm", (89, 220))] {
            assert!(change(&camera, &out, at) <= 12, "{theme:?} dyes the {what}");
        }
    }
}

#[test]
fn a_mantle_covers_the_shoulders() {
    let (fur, plain) = (in_costume(Theme::ThroneHall), in_costume(Theme::NightSky));
    let grey = |out: &[u8]| {
        let near = (110..210).map(|x| (118 * SIZE.0 + x) * 3);
        near.map(|at| f64::from(out[at]) - f64::from(out[at + 2])).sum::<f64>() / 100.0
    };
    assert!(
        grey(&fur) > 5.0 && grey(&plain) < -10.0,
        "fur is warm, the night is blue: {} {}",
        grey(&fur),
        grey(&plain)
    );
}

#[test]
fn the_pattern_goes_with_the_shoulders() {
    let (camera, small) = pictures();
    let fit = Fit::new(SIZE, PAINT);
    let put_on = |by: f32| {
        let mut frame = shoulders();
        frame.o = frame.o + Vec2::new(by, 0.0);
        Tailor::default().put_on(Theme::CandyLand, (&camera, SIZE), fit, &small, &parts(), &frame).to_vec()
    };
    let (here, there) = (put_on(0.0), put_on(6.0));
    let row = |out: &[u8], from: usize| out[(200 * SIZE.0 + from) * 3..][..180].to_vec();
    assert!(row(&here, 130) == row(&there, 136) && row(&here, 130) != row(&there, 130));
}

#[test]
fn nobody_and_a_body_without_extent_are_left_alone() {
    let (camera, small) = pictures();
    let fit = Fit::new(SIZE, PAINT);
    let flat = ItemFrame { ex: Vec2::new(0.0, 0.0), ..shoulders() };
    assert!(Tailor::default().put_on(Theme::Space, (&camera, SIZE), fit, &small, &parts(), &flat) == camera);
    let empty = Grid::new(48, 64, PARTS);
    assert!(Tailor::default().put_on(Theme::Space, (&camera, SIZE), fit, &small, &empty, &shoulders()) == camera);
}

#[test]
fn another_visitor_is_dressed_by_their_own_skin() {
    let (camera, small) = pictures();
    let fit = Fit::new(SIZE, PAINT);
    let area = PAINT.0 * PAINT.1;
    // Somebody with a blue face and blue arms came before.
    let mut before = small.clone();
    let skin = |i: &usize| colour_at((i % PAINT.0 / 4, i / PAINT.0 / 4)) == SKIN;
    for i in (0..area).filter(skin) {
        (before[i], before[2 * area + i]) = (SKIN[2], SKIN[0]);
    }
    let bare_arm_changes = |forget: bool| {
        let mut tailor = Tailor::default();
        tailor.put_on(Theme::Space, (&camera, SIZE), fit, &before, &parts(), &shoulders());
        if forget {
            tailor.reset();
        }
        let out = tailor.put_on(Theme::Space, (&camera, SIZE), fit, &small, &parts(), &shoulders());
        change(&camera, out, (89, 220))
    };
    assert!(bare_arm_changes(true) <= 12 && bare_arm_changes(false) > 60, "{}", bare_arm_changes(true));
}
