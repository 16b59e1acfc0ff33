//! The window's layout: the mirror fills it, and glass controls stand on the picture.
//!
//! ```text
//! ┌────────────────────────────────────────────┐
//! │ (sword, blue x)  (banner: ...)  [cam][F][?] │  chips of the scene; icons fade when nobody moves
//! │ (ice kingdom x)                             │
//! │                                             │
//! │                 the mirror                  │
//! │                                             │
//! │          caption: what was understood       │
//! │      (undo) ( say or type ... )  (picture)  │
//! └────────────────────────────────────────────┘
//! ```

use egui::accesskit::Role;
use egui::{Align2, Color32, Event, Id, Key, Modifiers, Pos2, Rect, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use super::model::{Action, Banner, CameraChoice, Caption, Picture, Tone, ViewModel, ViewState};
use super::widgets::{self, ChipLook, Icon};
use super::{help, listening, theme};

/// Seconds that a caption stays, then fades.
const CAPTION_STAYS_S: f64 = 7.0;
/// Seconds that a banner is shown in full.
const BANNER_FULL_S: f64 = 9.0;
/// Seconds that a passing word stays.
const TOAST_STAYS_S: f64 = 4.0;
const FADE_S: f64 = 0.6;
/// Seconds without pointer or keys after which the buttons fade.
const IDLE_AFTER_S: f64 = 4.0;
/// The share of the picture that may be cut off to fill the window; beyond it the picture is letterboxed.
const MOST_CUT_OFF: f32 = 0.18;

/// The name of the text box, for screen readers and tests.
pub const TEXT_BOX_NAME: &str = "Say or type what you want";

/// Shows one frame of the window; gives what was asked for.
pub fn show(ui: &mut Ui, model: &ViewModel, state: &mut ViewState) -> Vec<Action> {
    let mut actions = Vec::new();
    let screen = ui.max_rect();
    let unit = theme::scale(screen.height());
    let now_s = ui.input(|input| input.time);
    listening::push_to_talk_key(ui, model, state, text_box_id(), &mut actions);
    keys(ui, model, state, &mut actions);
    note_activity(ui, state, now_s);

    ui.painter().rect_filled(screen, 0.0, theme::BACKGROUND);
    match &model.picture {
        Some(picture) => mirror(ui, screen, picture, model.mirrored),
        None => waking(ui, screen, unit),
    }
    let always = model.hint.is_some() || !model.kiosk || model.hearing.partial.is_some();
    let words_below = caption_alpha(ui, model, now_s).max(if always { 1.0 } else { 0.0 });
    let dark = (190.0 * words_below) as u8;
    widgets::scrim(ui, screen.with_min_y(screen.bottom() - 250.0 * unit), true, dark);
    if !model.chips.is_empty() {
        widgets::scrim(ui, screen.with_max_y(screen.top() + 120.0 * unit), false, 90);
    }

    let awake = if model.kiosk { 0.0 } else { awake(ui, state, now_s) };
    if !model.kiosk {
        icons(ui, screen, unit, awake, model, state, &mut actions);
    }
    chips(ui, screen, unit, model, &mut actions);
    banners(ui, screen, unit, model, state, now_s);
    text_line(ui, screen, unit, model, state, &mut actions);
    let bottom = caption_bottom(screen, unit, box_is_open(ui, model, state));
    caption(ui, screen, unit, bottom, model, now_s);
    toast(ui, screen, unit, model, now_s);
    if state.help_open {
        help::show(ui, screen, unit, model, state);
    }
    actions
}

/// Where a picture of that size stands in `screen`, and which part of it shows (0..1 of its width and height).
fn placed(screen: Rect, width: f32, height: f32) -> (Rect, Rect) {
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let (screen_aspect, aspect) = (screen.width() / screen.height(), width / height);
    let shown = (aspect / screen_aspect).min(screen_aspect / aspect);
    if 1.0 - shown <= MOST_CUT_OFF {
        let uv = if aspect > screen_aspect {
            Rect::from_center_size(whole.center(), vec2(shown, 1.0))
        } else {
            // What is cut off goes from the feet: the head and what is on it stay.
            Rect::from_min_size(pos2(0.0, (1.0 - shown) * 0.25), vec2(1.0, shown))
        };
        return (screen, uv);
    }
    let size = if aspect > screen_aspect {
        vec2(screen.width(), screen.width() / aspect)
    } else {
        vec2(screen.height() * aspect, screen.height())
    };
    (Rect::from_center_size(screen.center(), size), whole)
}

fn mirror(ui: &Ui, screen: Rect, picture: &Picture, mirrored: bool) {
    let flip =
        |uv: Rect| if mirrored { Rect { min: pos2(uv.max.x, uv.min.y), max: pos2(uv.min.x, uv.max.y) } } else { uv };
    let (rect, uv) = placed(screen, picture.width, picture.height);
    if rect != screen {
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(picture.backdrop, screen, flip(whole), Color32::from_gray(92));
    }
    ui.painter().image(picture.texture, rect, flip(uv), Color32::WHITE);
}

fn waking(ui: &Ui, screen: Rect, unit: f32) {
    let painter = ui.painter();
    painter.text(screen.center(), Align2::CENTER_CENTER, "Otherglass", theme::font(54.0 * unit), theme::GOLD);
    let below = screen.center() + vec2(0.0, 54.0 * unit);
    painter.text(below, Align2::CENTER_CENTER, "waking up", theme::font(24.0 * unit), theme::TEXT_DIM);
}

fn keys(ui: &Ui, model: &ViewModel, state: &mut ViewState, actions: &mut Vec<Action>) {
    let typing = ui.memory(|memory| memory.focused().is_some());
    let box_empty = state.text.is_empty();
    ui.input_mut(|input| {
        if input.consume_key(Modifiers::COMMAND, Key::Q) {
            actions.push(Action::Quit);
        }
        if box_empty && input.consume_key(Modifiers::COMMAND, Key::Z) {
            actions.push(Action::Undo);
        }
        if input.consume_key(Modifiers::COMMAND, Key::S) || input.consume_key(Modifiers::NONE, Key::F2) {
            actions.push(Action::TakePicture);
        }
        if model.kiosk {
            return;
        }
        if input.consume_key(Modifiers::COMMAND, Key::M) {
            actions.push(Action::ToggleListening);
        }
        if input.consume_key(Modifiers::NONE, Key::F11) {
            actions.push(Action::SetFullscreen(!model.fullscreen));
        }
        if input.consume_key(Modifiers::NONE, Key::F1) {
            state.help_open = !state.help_open;
        }
        if box_empty && take_text(&mut input.events, "?") {
            state.help_open = !state.help_open;
        }
        if input.key_pressed(Key::Escape) {
            if state.help_open {
                state.help_open = false;
            } else if !typing && model.fullscreen {
                actions.push(Action::SetFullscreen(false));
            }
        }
    });
    // Typing anywhere goes to the text box; a slash only takes you there.
    let starts = ui.input_mut(|input| {
        let slash = box_empty && take_text(&mut input.events, "/");
        slash || input.events.iter().any(|event| matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_)))
    });
    if starts && !typing {
        ui.memory_mut(|memory| memory.request_focus(text_box_id()));
    }
}

/// Removes that typed text from the events; true when it was there.
fn take_text(events: &mut Vec<Event>, text: &str) -> bool {
    let before = events.len();
    events.retain(|event| !matches!(event, Event::Text(typed) if typed == text));
    events.len() != before
}

fn note_activity(ui: &Ui, state: &mut ViewState, now_s: f64) {
    let active = ui.input(|input| {
        input.pointer.delta() != egui::Vec2::ZERO
            || input.pointer.any_down()
            || input.events.iter().any(|event| matches!(event, Event::Key { .. } | Event::Text(_)))
    });
    if active {
        state.active_at_s = now_s;
    }
}

/// 1 while somebody is at the controls, fading to 0.
fn awake(ui: &Ui, state: &ViewState, now_s: f64) -> f32 {
    let asleep_for_s = now_s - state.active_at_s - IDLE_AFTER_S;
    if asleep_for_s < 0.0 {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(-asleep_for_s));
    }
    fade(ui, asleep_for_s)
}

/// From 1 to 0 over the fade time, `since_s` seconds into it.
fn fade(ui: &Ui, since_s: f64) -> f32 {
    if since_s > 0.0 && since_s < FADE_S {
        ui.ctx().request_repaint();
    }
    (1.0 - since_s / FADE_S).clamp(0.0, 1.0) as f32
}

fn icons(
    ui: &mut Ui,
    screen: Rect,
    unit: f32,
    awake: f32,
    model: &ViewModel,
    state: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let side = 44.0 * unit;
    let step = side + 10.0 * unit;
    let rect = |index: f32| {
        let center =
            pos2(screen.right() - 24.0 * unit - side / 2.0 - index * step, screen.top() + 24.0 * unit + side / 2.0);
        Rect::from_center_size(center, vec2(side, side))
    };
    ui.scope(|ui| {
        ui.set_opacity(awake.max(0.18));
        if widgets::icon_button(ui, rect(0.0), Icon::Help, "Keys and figures", true).clicked() {
            state.help_open = !state.help_open;
        }
        let full = if model.fullscreen { "Leave full screen" } else { "Full screen" };
        if widgets::icon_button(ui, rect(1.0), Icon::Fullscreen, full, true).clicked() {
            actions.push(Action::SetFullscreen(!model.fullscreen));
        }
        let camera = widgets::icon_button(ui, rect(2.0), Icon::Camera, "Choose a camera", true);
        if camera.clicked() {
            actions.push(Action::ListCameras);
        }
        egui::Popup::menu(&camera).gap(8.0 * unit).show(|ui| camera_menu(ui, unit, model, actions));
    });
}

fn camera_menu(ui: &mut Ui, unit: f32, model: &ViewModel, actions: &mut Vec<Action>) {
    ui.set_min_width(280.0 * unit);
    ui.spacing_mut().button_padding = vec2(12.0 * unit, 8.0 * unit);
    let title = egui::RichText::new("Camera").font(theme::font(15.0 * unit)).color(theme::TEXT_DIM);
    ui.horizontal(|ui| {
        ui.add_space(12.0 * unit);
        ui.label(title);
    });
    for CameraChoice { value, label } in &model.cameras {
        let text = egui::RichText::new(label).font(theme::font(19.0 * unit));
        if ui.selectable_label(*value == model.camera, text).clicked() {
            actions.push(Action::SelectCamera(value.clone()));
            ui.close();
        }
    }
    if model.cameras.len() <= 1 {
        let none = "No camera is connected. Plug one in and it appears here.";
        ui.label(egui::RichText::new(none).font(theme::font(15.0 * unit)).color(theme::TEXT_DIM));
    }
}

/// The scene as pills down the left edge, where no head is; a second column when the first is full.
fn chips(ui: &Ui, screen: Rect, unit: f32, model: &ViewModel, actions: &mut Vec<Action>) {
    let height = 44.0 * unit;
    let (margin, gap) = (24.0 * unit, 10.0 * unit);
    let lowest = screen.bottom() - 190.0 * unit - height;
    let mut at = screen.min + vec2(margin, margin);
    let mut widest = 0.0_f32;
    for (key, chip) in model.chips.iter().enumerate() {
        let look = ChipLook { key, label: &chip.label, dot: chip.dot, drawable: chip.drawable };
        let mut width = widgets::chip_width(ui, &look, height);
        if model.kiosk {
            width -= height * 0.44; // there is no x
        }
        if at.y > lowest && at.y > screen.top() + margin {
            at = pos2(at.x + widest + gap, screen.top() + margin);
            widest = 0.0;
        }
        if widgets::chip(ui, Rect::from_min_size(at, vec2(width, height)), &look, !model.kiosk) {
            actions.push(Action::Remove(chip.target));
        }
        widest = widest.max(width);
        at.y += height + gap;
    }
}

/// In full between the chips and the icons, then short below the icons, where no head is; one below the other.
fn banners(ui: &Ui, screen: Rect, unit: f32, model: &ViewModel, state: &mut ViewState, now_s: f64) {
    let since = |banner: &Banner| {
        let known = state.banners.iter().find(|(shown, _)| shown == banner);
        (banner.clone(), known.map_or(now_s, |(_, since_s)| *since_s))
    };
    state.banners = model.banners.iter().map(since).collect();
    let mut full_top = screen.top() + 24.0 * unit;
    let mut short_top = screen.top() + if model.kiosk { 24.0 } else { 84.0 } * unit;
    for (banner, since_s) in &state.banners {
        let left_s = BANNER_FULL_S - (now_s - since_s);
        let plate = if left_s > 0.0 {
            ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left_s));
            let (left, right) = if model.chips.is_empty() { (200.0, 200.0) } else { (340.0, 200.0) };
            let free = screen.with_min_x(screen.left() + left * unit).with_max_x(screen.right() - right * unit);
            let wrap = (free.width() - 62.0 * unit).clamp(120.0, 820.0 * unit);
            let galley = ui.painter().layout(banner.text.clone(), theme::font(20.0 * unit), theme::TEXT, wrap);
            let width = galley.size().x + 62.0 * unit;
            let plate = notice(ui, pos2(free.center().x - width / 2.0, full_top), unit, galley);
            full_top = plate.bottom() + 10.0 * unit;
            plate
        } else {
            let font = theme::font(16.0 * unit);
            let galley = ui.painter().layout_no_wrap(banner.short.to_owned(), font, theme::TEXT);
            let width = galley.size().x + 62.0 * unit;
            let plate = notice(ui, pos2(screen.right() - 24.0 * unit - width, short_top), unit, galley);
            short_top = plate.bottom() + 8.0 * unit;
            plate
        };
        let label = ui.interact(plate, Id::unique(("banner", banner.short)), Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &banner.text));
        label.on_hover_text(&banner.text);
    }
}

/// Words on glass after a golden dot; gives the plate.
fn notice(ui: &Ui, left_top: Pos2, unit: f32, galley: std::sync::Arc<egui::Galley>) -> Rect {
    let plate = Rect::from_min_size(left_top, galley.size() + vec2(62.0, 22.0) * unit);
    let radius = egui::CornerRadius::same((21.0 * unit) as u8);
    ui.painter().rect(plate, radius, theme::GLASS, theme::edge(), egui::StrokeKind::Inside);
    ui.painter().circle_filled(pos2(plate.left() + 24.0 * unit, plate.center().y), 4.5 * unit, theme::GOLD);
    ui.painter().galley(plate.min + vec2(38.0, 11.0) * unit, galley, theme::TEXT);
    plate
}

/// The id of the text box.
pub fn text_box_id() -> Id {
    Id::unique("say")
}

/// Whether the text box is there: always at a desk, in a kiosk while somebody types.
fn box_is_open(ui: &Ui, model: &ViewModel, state: &ViewState) -> bool {
    !model.kiosk || !state.text.is_empty() || ui.memory(|memory| memory.has_focus(text_box_id()))
}

/// The text box with undo to its left and the picture button to its right.
fn text_line(
    ui: &mut Ui,
    screen: Rect,
    unit: f32,
    model: &ViewModel,
    state: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    if !box_is_open(ui, model, state) {
        let side = 44.0 * unit;
        let corner = pos2(screen.right() - 24.0 * unit - side, screen.bottom() - 24.0 * unit - side);
        listening::sign(ui, Rect::from_min_size(corner, vec2(side, side)), &model.hearing);
        return;
    }
    let height = 56.0 * unit;
    let center_y = screen.bottom() - 28.0 * unit - height / 2.0;
    let width = (screen.width() - 240.0 * unit).clamp(160.0, 700.0 * unit);
    let pill = Rect::from_center_size(pos2(screen.center().x, center_y), vec2(width, height));
    text_box(ui, pill, unit, model, state, actions);
    if model.kiosk {
        return;
    }
    let side = 48.0 * unit;
    let undo = Rect::from_center_size(pos2(pill.left() - 20.0 * unit - side / 2.0, center_y), vec2(side, side));
    if widgets::icon_button(ui, undo, Icon::Undo, "Undo", model.can_undo).clicked() {
        actions.push(Action::Undo);
    }
    let side = 60.0 * unit;
    let shutter = Rect::from_center_size(pos2(pill.right() + 20.0 * unit + side / 2.0, center_y), vec2(side, side));
    if widgets::icon_button(ui, shutter, Icon::Picture, "Take a picture", model.picture.is_some()).clicked() {
        actions.push(Action::TakePicture);
    }
}

fn text_box(ui: &mut Ui, pill: Rect, unit: f32, model: &ViewModel, state: &mut ViewState, actions: &mut Vec<Action>) {
    let focused = ui.memory(|memory| memory.has_focus(text_box_id()));
    widgets::glass(ui, pill, theme::GLASS);
    let side = 44.0 * unit;
    let ear = Rect::from_center_size(pos2(pill.left() + 34.0 * unit, pill.center().y), vec2(side, side));
    listening::button(ui, ear, unit, &model.hearing, actions);
    if focused || state.talking {
        let radius = egui::CornerRadius::same((pill.height() / 2.0) as u8);
        let stroke = egui::Stroke::new(1.5, theme::GOLD.gamma_multiply(0.8));
        ui.painter().rect_stroke(pill, radius, stroke, egui::StrokeKind::Inside);
    }
    if focused {
        recall(ui, state);
    }
    let font = theme::font(24.0 * unit);
    let hint = egui::RichText::new(model.hearing.invitation).font(font.clone()).color(theme::TEXT_DIM);
    let inner = pill.with_min_x(pill.left() + 64.0 * unit).with_max_x(pill.right() - 26.0 * unit);
    let edit = TextEdit::singleline(&mut state.text)
        .id(text_box_id())
        .font(font)
        .text_color(theme::TEXT)
        .hint_text(hint)
        .frame(egui::Frame::NONE)
        .desired_width(inner.width())
        .min_size(inner.size())
        .align(egui::Align2::LEFT_CENTER)
        .char_limit(400);
    let response = ui.put(inner, edit).accessible_name(TEXT_BOX_NAME);
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        let said = state.text.trim().to_owned();
        state.text.clear();
        state.history_back = 0;
        if !said.is_empty() {
            state.history.push(said.clone());
            actions.push(Action::Say(said));
        }
        response.request_focus();
    }
}

/// Up and down arrows bring back what was said before.
fn recall(ui: &Ui, state: &mut ViewState) {
    let (up, down) = ui.input_mut(|input| {
        (input.consume_key(Modifiers::NONE, Key::ArrowUp), input.consume_key(Modifiers::NONE, Key::ArrowDown))
    });
    if up && state.history_back < state.history.len() {
        state.history_back += 1;
    } else if down && state.history_back > 0 {
        state.history_back -= 1;
    } else {
        return;
    }
    let index = state.history.len() - state.history_back;
    state.text = state.history.get(index).cloned().unwrap_or_default();
}

/// The bottom of the space for captions: above the text box, or above the edge where there is none.
fn caption_bottom(screen: Rect, unit: f32, box_is_open: bool) -> Pos2 {
    let above = if box_is_open { 108.0 } else { 56.0 };
    pos2(screen.center().x, screen.bottom() - above * unit)
}

/// How visible the caption is now.
fn caption_alpha(ui: &Ui, model: &ViewModel, now_s: f64) -> f32 {
    model.caption.as_ref().map_or(0.0, |caption| stays(ui, caption.shown_at_s, CAPTION_STAYS_S, now_s))
}

fn caption(ui: &Ui, screen: Rect, unit: f32, bottom: Pos2, model: &ViewModel, now_s: f64) {
    let alpha = caption_alpha(ui, model, now_s);
    if let Some(partial) = &model.hearing.partial {
        // Not what was understood yet: smaller than an answer, in the colour of what is going on, open at its end.
        let words = format!("{partial} …");
        let said = line(ui, bottom, words.trim(), 27.0 * unit, theme::GOLD, 0.9, screen.width() * 0.82);
        let whole = ui.interact(said, Id::unique("partial"), Sense::hover());
        whole.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.trim()));
        return;
    }
    match &model.caption {
        Some(Caption { heard, reply, tone, .. }) if alpha > 0.0 => {
            let ink = match tone {
                Tone::Good => theme::TEXT,
                Tone::Puzzled => theme::AMBER,
            };
            let wrap = screen.width() * 0.82;
            let said = line(ui, bottom, &format!("“{heard}”"), 20.0 * unit, theme::TEXT_DIM, alpha, wrap);
            line(ui, pos2(bottom.x, said.top() - 2.0 * unit), reply, 32.0 * unit, ink, alpha, wrap);
            let whole = ui.interact(said, Id::unique("caption"), Sense::hover());
            whole.widget_info(|| WidgetInfo::labeled(Role::Label, true, reply));
        }
        _ => {
            let Some(hint) = &model.hint else { return };
            line(ui, bottom, hint, 25.0 * unit, theme::TEXT, 0.92, screen.width() * 0.86);
        }
    }
}

/// How visible something shown at `shown_at_s` for `stays_s` is now.
fn stays(ui: &Ui, shown_at_s: f64, stays_s: f64, now_s: f64) -> f32 {
    let over_s = now_s - shown_at_s - stays_s;
    if over_s < 0.0 {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(-over_s));
    }
    fade(ui, over_s)
}

/// Rows of one text over the picture; what is longer ends in an ellipsis.
const MAX_ROWS: usize = 3;

/// Centred words, their bottom at `bottom`, on a soft shadow; gives the rectangle they take.
fn line(ui: &Ui, bottom: Pos2, text: &str, size: f32, ink: Color32, alpha: f32, wrap: f32) -> Rect {
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), theme::font(size), Color32::PLACEHOLDER, wrap);
    job.halign = egui::Align::Center;
    // Whoever talks long shall still see a face.
    job.wrap.max_rows = MAX_ROWS;
    let galley = ui.painter().layout_job(job);
    let top = pos2(bottom.x, bottom.y - galley.size().y);
    let shadow = Color32::from_black_alpha((170.0 * alpha) as u8);
    for offset in [vec2(0.0, size * 0.05), vec2(size * 0.03, size * 0.03), vec2(-size * 0.03, size * 0.03)] {
        ui.painter().galley(top + offset, galley.clone(), shadow);
    }
    ui.painter().galley(top, galley.clone(), ink.gamma_multiply(alpha));
    Rect::from_center_size(top + vec2(0.0, galley.size().y / 2.0), galley.size())
}

fn toast(ui: &Ui, screen: Rect, unit: f32, model: &ViewModel, now_s: f64) {
    let Some(toast) = &model.toast else { return };
    let age_s = now_s - toast.shown_at_s;
    if toast.flash && age_s < 0.25 {
        let alpha = (1.0 - age_s / 0.25).clamp(0.0, 1.0) * 200.0;
        ui.painter().rect_filled(screen, 0.0, Color32::from_white_alpha(alpha as u8));
        ui.ctx().request_repaint();
    }
    let alpha = stays(ui, toast.shown_at_s, TOAST_STAYS_S, now_s);
    if alpha <= 0.0 {
        return;
    }
    let ink = if toast.tone == Tone::Good { theme::TEXT } else { theme::AMBER };
    let galley = ui.painter().layout(
        toast.text.clone(),
        theme::font(20.0 * unit),
        ink.gamma_multiply(alpha),
        screen.width() * 0.8,
    );
    let size = galley.size() + vec2(48.0 * unit, 24.0 * unit);
    let rect = Rect::from_center_size(pos2(screen.center().x, screen.bottom() - 220.0 * unit), size);
    let radius = egui::CornerRadius::same((22.0 * unit) as u8);
    ui.painter().rect_filled(rect, radius, theme::CARD.gamma_multiply(alpha));
    ui.painter().galley(rect.min + vec2(24.0 * unit, 12.0 * unit), galley, ink);
    let label = ui.interact(rect, Id::unique("toast"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &toast.text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(width: f32, height: f32) -> Rect {
        Rect::from_min_size(Pos2::ZERO, vec2(width, height))
    }

    #[test]
    fn a_picture_of_the_windows_shape_fills_it() {
        let (rect, uv) = placed(window(1280.0, 960.0), 640.0, 480.0);
        assert_eq!(rect, window(1280.0, 960.0));
        assert_eq!(uv, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)));
    }

    #[test]
    fn a_nearly_fitting_picture_is_cut_and_keeps_the_head() {
        let (rect, uv) = placed(window(1280.0, 800.0), 640.0, 480.0);
        assert_eq!(rect, window(1280.0, 800.0));
        assert!(
            uv.min.y > 0.0 && uv.min.y < 1.0 - uv.max.y,
            "cut at the top {}, at the feet {}",
            uv.min.y,
            1.0 - uv.max.y
        );
        assert!(uv.height() >= 1.0 - MOST_CUT_OFF);
    }

    #[test]
    fn an_unfitting_picture_is_letterboxed_whole() {
        for (width, height) in [(480.0, 640.0), (640.0, 480.0), (1280.0, 300.0)] {
            let screen = window(1920.0, 1000.0);
            let (rect, uv) = placed(screen, width, height);
            assert_eq!(uv, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)));
            assert!(screen.expand(0.01).contains_rect(rect));
            assert!((rect.width() / rect.height() - width / height).abs() < 1e-3);
        }
    }
}
