//! The program's icon: a gilded oval mirror, drawn here.

use egui::IconData;

const SIDE: u32 = 64;
const GOLD: [u8; 3] = [232, 198, 122];
const GLASS_TOP: [f32; 3] = [96.0, 120.0, 150.0];
const GLASS_BOTTOM: [f32; 3] = [20.0, 24.0, 38.0];

/// RGBA, 64x64, with a soft outer edge.
pub fn icon() -> IconData {
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (u, v) = ((x as f32 + 0.5) / SIDE as f32 - 0.5, (y as f32 + 0.5) / SIDE as f32 - 0.5);
            // 1 on the rim of the oval, less inside
            let radius = ((u / 0.38).powi(2) + (v / 0.47).powi(2)).sqrt();
            let coverage = ((1.0 - radius) * 24.0 + 1.0).clamp(0.0, 1.0);
            let color = if radius > 0.80 { GOLD } else { glass(v, u) };
            rgba.extend_from_slice(&color);
            rgba.push((coverage * 255.0) as u8);
        }
    }
    IconData { rgba, width: SIDE, height: SIDE }
}

fn glass(v: f32, u: f32) -> [u8; 3] {
    let down = (v + 0.47) / 0.94;
    let glint = if (u + v * 0.6 + 0.10).abs() < 0.035 { 60.0 } else { 0.0 };
    std::array::from_fn(|i| (GLASS_TOP[i] + (GLASS_BOTTOM[i] - GLASS_TOP[i]) * down + glint).clamp(0.0, 255.0) as u8)
}
