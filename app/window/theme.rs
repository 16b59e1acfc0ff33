//! Colours and sizes of the window: dark and calm, readable from two metres.
//!
//! Sizes are given for a window 800 points high and grow with it, so that a mirror on a large screen across the
//! room stays readable; [`scale`] is that factor.

use egui::{Color32, FontFamily, FontId, Stroke};

pub const BACKGROUND: Color32 = Color32::from_rgb(9, 10, 13);
pub const TEXT: Color32 = Color32::from_rgb(244, 243, 239);
pub const TEXT_DIM: Color32 = Color32::from_rgb(176, 178, 186);
/// The mirror's gilding: focus, links, the thing to look at.
pub const GOLD: Color32 = Color32::from_rgb(232, 198, 122);
/// Not understood, not possible.
pub const AMBER: Color32 = Color32::from_rgb(247, 170, 104);
/// Glass that controls stand on, over the picture.
pub const GLASS: Color32 = Color32::from_rgba_premultiplied(12, 13, 17, 196);
pub const GLASS_HOVER: Color32 = Color32::from_rgba_premultiplied(34, 35, 42, 216);
pub const GLASS_EDGE: Color32 = Color32::from_rgba_premultiplied(34, 34, 36, 36);
pub const CARD: Color32 = Color32::from_rgba_premultiplied(15, 16, 21, 250);

/// How much larger than in an 800 points high window everything is.
#[must_use]
pub fn scale(window_height: f32) -> f32 {
    (window_height / 800.0).clamp(0.7, 2.5)
}

#[must_use]
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

#[must_use]
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

#[must_use]
pub fn edge() -> Stroke {
    Stroke::new(1.0, GLASS_EDGE)
}

/// Sets egui's own widgets (menus, text cursor, selection) to the same look.
pub fn apply(ctx: &egui::Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        let visuals = &mut style.visuals;
        visuals.panel_fill = BACKGROUND;
        visuals.window_fill = CARD;
        visuals.window_stroke = edge();
        visuals.window_corner_radius = 16.into();
        visuals.menu_corner_radius = 14.into();
        visuals.selection.bg_fill = Color32::from_rgb(92, 76, 40);
        visuals.selection.stroke = Stroke::new(1.0, GOLD);
        visuals.text_cursor.stroke = Stroke::new(2.0, GOLD);
        visuals.override_text_color = Some(TEXT);
        style.interaction.selectable_labels = false;
    });
}
