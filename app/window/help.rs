//! The `?` overlay: the keys, things to say, and where the time of a frame goes.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{Align2, Color32, CornerRadius, Id, Pos2, Rect, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::model::{Figures, ViewModel, ViewState};
use super::theme;

const KEYS: &[(&str, &str)] = &[
    ("type, then Enter", "say it"),
    ("hold Space", "be heard, with push-to-talk"),
    ("Ctrl+M", "microphone off and on"),
    ("/", "go to the text box"),
    ("Up", "what you said before"),
    ("Ctrl+Z", "undo"),
    ("Ctrl+S or F2", "take a picture"),
    ("F11", "full screen"),
    ("Esc", "leave full screen"),
    ("? or F1", "this card"),
    ("Ctrl+Q", "quit"),
];

const EXAMPLES: &[&str] = &[
    "I want to hold a sword",
    "make it bigger, make it blue",
    "give me a crown",
    "take me to an ice kingdom",
    "remove the sword",
    "start over",
];

/// Shows the card; a click anywhere closes it.
pub fn show(ui: &Ui, screen: Rect, unit: f32, model: &ViewModel, state: &mut ViewState) {
    let veil = ui.interact(screen, Id::unique("help"), Sense::click());
    veil.widget_info(|| WidgetInfo::labeled(Role::Dialog, true, "Keys and figures"));
    ui.painter().rect_filled(screen, 0.0, Color32::from_black_alpha(150));
    let size = vec2((1060.0 * unit).min(screen.width() - 32.0), (690.0 * unit).min(screen.height() - 24.0));
    let card = Rect::from_center_size(screen.center(), size);
    ui.painter().rect(card, CornerRadius::same((22.0 * unit) as u8), theme::CARD, theme::edge(), StrokeKind::Inside);
    let inner = card.shrink2(vec2(44.0, 34.0) * unit);
    let half = (inner.width() - 48.0 * unit) / 2.0;
    let left = Rect::from_min_size(inner.min, vec2(half, inner.height()));
    let right = Rect::from_min_max(pos2(inner.right() - half, inner.top()), inner.max);

    let mut pen = Pen { ui, column: left, y: left.top(), unit };
    pen.title("Keys");
    for (key, meaning) in KEYS {
        pen.row(key, meaning, theme::GOLD);
    }
    let mut pen = Pen { ui, column: right, y: right.top(), unit };
    pen.title("Say, for example");
    for example in EXAMPLES {
        pen.words(example);
    }
    pen.gap(20.0);
    pen.title("This moment");
    figures(&mut pen, &model.figures);
    if veil.clicked() {
        state.help_open = false;
    }
}

fn figures(pen: &mut Pen<'_>, figures: &Figures) {
    let Figures {
        engine,
        source,
        width,
        height,
        mirror_fps,
        latency,
        render,
        stages,
        captured,
        dropped_before_drawing,
        dropped_before_display,
    } = figures;
    pen.row(&format!("{mirror_fps:.1} frames/s"), &format!("{engine}, {width} x {height}"), theme::TEXT);
    pen.row(&ms(*latency), "from camera to eye", theme::TEXT);
    pen.row(&ms(*render), "to draw a frame", theme::TEXT);
    for (stage, time) in stages {
        pen.row(&format!("  {}", ms(*time)), stage, theme::TEXT_DIM);
    }
    let dropped = dropped_before_drawing + dropped_before_display;
    pen.row(&format!("{dropped} of {captured}"), &format!("frames skipped, {source}"), theme::TEXT);
}

/// Milliseconds as people read them.
fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Writes lines down a column.
struct Pen<'a> {
    ui: &'a Ui,
    column: Rect,
    y: f32,
    unit: f32,
}

impl Pen<'_> {
    fn title(&mut self, text: &str) {
        self.put(self.column.left(), text, 17.0, theme::TEXT_DIM);
        self.gap(32.0);
    }

    fn row(&mut self, left: &str, right: &str, ink: Color32) {
        self.put(self.column.left(), left, 19.0, ink);
        self.put(self.column.left() + self.column.width() * 0.40, right, 19.0, theme::TEXT);
        self.gap(31.0);
    }

    fn words(&mut self, text: &str) {
        self.put(self.column.left(), text, 20.0, theme::GOLD);
        self.gap(31.0);
    }

    fn gap(&mut self, points: f32) {
        self.y += points * self.unit;
    }

    fn put(&self, x: f32, text: &str, size: f32, ink: Color32) {
        let at = Pos2::new(x, self.y);
        self.ui.painter().with_clip_rect(self.column.expand(8.0)).text(
            at,
            Align2::LEFT_TOP,
            text,
            theme::font(size * self.unit),
            ink,
        );
    }
}
