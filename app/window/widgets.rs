//! The window's own small widgets: a glass pill, a round icon button, a chip with an x.
//!
//! They paint themselves into a rectangle that the layout gives them, answer clicks, and carry a name for screen
//! readers and tests. Icons are drawn with lines, so they look alike on every machine.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, FontId, Id, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::theme;

/// What an icon button shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Camera,
    Fullscreen,
    Help,
    Undo,
    Picture,
    Close,
}

/// A rounded plate of dark glass.
pub fn glass(ui: &Ui, rect: Rect, fill: Color32) {
    let radius = CornerRadius::same((rect.height() / 2.0).clamp(0.0, 200.0) as u8);
    ui.painter().rect(rect, radius, fill, theme::edge(), StrokeKind::Inside);
}

/// A round button with an icon; `name` is what a screen reader says.
pub fn icon_button(ui: &Ui, rect: Rect, icon: Icon, name: &str, enabled: bool) -> Response {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, Id::unique(("icon", name, rect.center().x as i32, rect.center().y as i32)), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    let lit = enabled && (response.hovered() || response.has_focus());
    let ink = match (enabled, lit) {
        (false, _) => theme::TEXT_DIM.gamma_multiply(0.45),
        (true, false) => theme::TEXT,
        (true, true) => theme::GOLD,
    };
    if icon == Icon::Picture {
        shutter(ui, rect, ink, response.is_pointer_button_down_on());
    } else {
        if icon != Icon::Close {
            glass(ui, rect, if lit { theme::GLASS_HOVER } else { theme::GLASS });
        }
        draw_icon(ui, rect, icon, ink);
    }
    response.on_hover_text(name)
}

/// The picture button: a ring and a disc, as on every camera.
fn shutter(ui: &Ui, rect: Rect, ink: Color32, pressed: bool) {
    let (center, radius) = (rect.center(), rect.width() / 2.0);
    let painter = ui.painter();
    painter.circle_filled(center, radius, theme::GLASS);
    painter.circle_stroke(center, radius - radius * 0.08, Stroke::new(radius * 0.10, ink));
    painter.circle_filled(center, radius * if pressed { 0.58 } else { 0.68 }, ink);
}

/// Draws the lines of an icon into the middle of `rect`.
fn draw_icon(ui: &Ui, rect: Rect, icon: Icon, ink: Color32) {
    let painter = ui.painter();
    let unit = rect.width() / 24.0; // icons are drawn on a 24x24 grid
    let stroke = Stroke::new(1.6 * unit.max(0.6), ink);
    let at = |x: f32, y: f32| Pos2::new(rect.left() + x * unit, rect.top() + y * unit);
    match icon {
        Icon::Camera => {
            let body = Rect::from_min_max(at(5.5, 8.5), at(14.5, 15.5));
            painter.rect_stroke(body, 2.0 * unit, stroke, StrokeKind::Middle);
            painter.line(vec![at(14.5, 11.2), at(18.5, 9.0), at(18.5, 15.0), at(14.5, 12.8)], stroke);
        }
        Icon::Fullscreen => {
            for (x, y) in [(7.0_f32, 7.0_f32), (17.0, 7.0), (17.0, 17.0), (7.0, 17.0)] {
                let (inward_x, inward_y) = (if x < 12.0 { 3.2 } else { -3.2 }, if y < 12.0 { 3.2 } else { -3.2 });
                painter.line(vec![at(x + inward_x, y), at(x, y), at(x, y + inward_y)], stroke);
            }
        }
        Icon::Help => {
            painter.text(rect.center(), Align2::CENTER_CENTER, "?", theme::font(13.0 * unit), ink);
        }
        Icon::Undo => {
            let arc: Vec<Pos2> = (0..=20)
                .map(|step| {
                    let angle = std::f32::consts::PI * (-0.5 + step as f32 / 20.0);
                    at(12.6 + 3.6 * angle.cos(), 13.0 + 3.6 * angle.sin())
                })
                .collect();
            painter.line(arc, stroke);
            painter.line_segment([at(7.4, 9.4), at(12.6, 9.4)], stroke);
            painter.line_segment([at(8.4, 16.6), at(12.6, 16.6)], stroke);
            painter.line(vec![at(9.8, 6.8), at(7.2, 9.4), at(9.8, 12.0)], stroke);
        }
        Icon::Close => {
            painter.line_segment([at(8.0, 8.0), at(16.0, 16.0)], stroke);
            painter.line_segment([at(16.0, 8.0), at(8.0, 16.0)], stroke);
        }
        Icon::Picture => {}
    }
}

/// How a chip is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipLook<'a> {
    /// Tells chips with the same words apart.
    pub key: usize,
    pub label: &'a str,
    /// The colour it has in the mirror; `None` is its natural one.
    pub dot: Option<[u8; 3]>,
    /// What the engine can't draw is shown dimmed.
    pub drawable: bool,
}

/// The width a chip takes at that font.
pub fn chip_width(ui: &Ui, look: &ChipLook<'_>, height: f32) -> f32 {
    let text = ui.painter().layout_no_wrap(look.label.to_owned(), chip_font(height), theme::TEXT);
    let dot = if look.dot.is_some() { height * 0.52 } else { 0.0 };
    height * 0.42 + dot + text.size().x + height * 0.86
}

/// A pill with a colour dot, words and an x; true when the x was clicked.
pub fn chip(ui: &Ui, rect: Rect, look: &ChipLook<'_>, with_close: bool) -> bool {
    glass(ui, rect, theme::GLASS);
    let height = rect.height();
    let ink = if look.drawable { theme::TEXT } else { theme::AMBER };
    let mut left = rect.left() + height * 0.42;
    if let Some([red, green, blue]) = look.dot {
        let center = Pos2::new(left + height * 0.14, rect.center().y);
        ui.painter().circle(
            center,
            height * 0.17,
            Color32::from_rgb(red, green, blue),
            Stroke::new(1.0, theme::TEXT_DIM),
        );
        left += height * 0.52;
    }
    ui.painter().text(Pos2::new(left, rect.center().y), Align2::LEFT_CENTER, look.label, chip_font(height), ink);
    let label = ui.interact(rect, Id::unique(("chip", look.key)), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, look.label));
    if !look.drawable {
        label.on_hover_text("In the scene, but this engine can't draw it");
    }
    if !with_close {
        return false;
    }
    let side = height * 0.72;
    let x = Rect::from_center_size(Pos2::new(rect.right() - height * 0.5, rect.center().y), vec2(side, side));
    icon_button(ui, x, Icon::Close, &format!("Remove {}", look.label), true).clicked()
}

fn chip_font(height: f32) -> FontId {
    theme::font(height * 0.5)
}

/// Dark to clear from the bottom of `rect` up, so that white words stand out before any picture.
pub fn scrim(ui: &Ui, rect: Rect, dark_at_bottom: bool, strength: u8) {
    let (dark, clear) = (Color32::from_black_alpha(strength), Color32::TRANSPARENT);
    let (top, bottom) = if dark_at_bottom { (clear, dark) } else { (dark, clear) };
    let mut mesh = egui::Mesh::default();
    for (corner, color) in
        [(rect.left_top(), top), (rect.right_top(), top), (rect.right_bottom(), bottom), (rect.left_bottom(), bottom)]
    {
        mesh.colored_vertex(corner, color);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    ui.painter().add(mesh);
}
