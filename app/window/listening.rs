//! The microphone on the glass: how loud it is, when it listens, what is wrong with it; and the key of push-to-talk.

use egui::accesskit::Role;
use egui::{
    Color32, CornerRadius, Event, Id, Key, Modifiers, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::model::{Action, CameraChoice, EarLook, Hearing, ViewModel, ViewState};
use super::theme;
use crate::pipeline::ListenMode;

/// The name of the button, for screen readers and tests.
pub const BUTTON_NAME: &str = "Microphone";

/// Whether the space bar is held to be heard: not while somebody types, and not where it presses a button.
pub fn push_to_talk_key(ui: &Ui, model: &ViewModel, state: &mut ViewState, text_box: Id, actions: &mut Vec<Action>) {
    let focused = ui.memory(|memory| memory.focused());
    let free = focused.is_none_or(|focused| focused == text_box) && state.text.is_empty();
    let composes = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))));
    // Once held, the key talks until it is let go, whatever is typed meanwhile.
    let talks = model.hearing.mode == ListenMode::PushToTalk && (state.talking || (free && !composes));
    let held = talks && ui.input(|input| input.focused && input.key_down(Key::Space));
    if talks {
        ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Space);
            input.events.retain(|event| !matches!(event, Event::Text(text) if text == " "));
        });
    }
    if held != state.talking {
        state.talking = held;
        actions.push(Action::Press(held));
    }
}

/// The round microphone; a click opens the choice of when to listen, and to what.
pub fn button(ui: &mut Ui, rect: Rect, unit: f32, hearing: &Hearing, actions: &mut Vec<Action>) {
    let response = ui.interact(rect, Id::unique("microphone"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, BUTTON_NAME));
    let lit = response.hovered() || response.has_focus();
    microphone(ui, rect, hearing, if lit { theme::GOLD } else { theme::TEXT });
    if response.clicked() {
        actions.push(Action::ListMicrophones);
    }
    let popup = egui::Popup::menu(&response).align(egui::RectAlign::TOP_START).gap(14.0 * unit);
    popup.show(|ui| menu(ui, unit, hearing, actions));
    response.on_hover_text(&hearing.words);
}

/// The same to look at only, for a kiosk.
pub fn sign(ui: &Ui, rect: Rect, hearing: &Hearing) {
    let ring = if hearing.awake { Stroke::new(2.0, theme::GOLD) } else { theme::edge() };
    let radius = CornerRadius::same((rect.height() / 2.0) as u8);
    ui.painter().rect(rect, radius, theme::GLASS, ring, StrokeKind::Inside);
    microphone(ui, rect, hearing, theme::TEXT);
    let label = ui.interact(rect, Id::unique("microphone"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &hearing.words));
}

/// A capsule in its holder, filled as far as it is loud; struck through where nothing is heard.
fn microphone(ui: &Ui, rect: Rect, hearing: &Hearing, ink: Color32) {
    let unit = rect.width() / 24.0; // drawn on a 24x24 grid, as the icons are
    let at = |x: f32, y: f32| Pos2::new(rect.left() + x * unit, rect.top() + y * unit);
    let ink = match hearing.look {
        EarLook::Well => ink,
        EarLook::Waking | EarLook::Off => theme::TEXT_DIM,
        EarLook::Fault => theme::AMBER,
    };
    let stroke = Stroke::new(1.6 * unit.max(0.6), ink);
    let capsule = Rect::from_min_max(at(9.4, 5.0), at(14.6, 13.4));
    let round = CornerRadius::same((2.6 * unit) as u8);
    if hearing.look == EarLook::Well {
        let loud = hearing.level.clamp(0.0, 1.0);
        let filled = capsule.with_min_y(capsule.bottom() - loud * capsule.height());
        let color = if hearing.speaking { theme::GOLD } else { theme::TEXT_DIM };
        ui.painter().with_clip_rect(filled).rect_filled(capsule, round, color);
    }
    ui.painter().rect_stroke(capsule, round, stroke, StrokeKind::Middle);
    let holder: Vec<Pos2> = (0..=16)
        .map(|step| {
            let angle = std::f32::consts::PI * step as f32 / 16.0;
            at(12.0 + 4.9 * angle.cos(), 11.0 + 4.9 * angle.sin())
        })
        .collect();
    ui.painter().line(holder, stroke);
    ui.painter().line_segment([at(12.0, 15.9), at(12.0, 18.6)], stroke);
    ui.painter().line_segment([at(9.6, 18.6), at(14.4, 18.6)], stroke);
    if matches!(hearing.look, EarLook::Off | EarLook::Fault) {
        let shadow = Stroke::new(stroke.width * 2.4, theme::BACKGROUND);
        ui.painter().line_segment([at(6.0, 5.6), at(18.4, 18.0)], shadow);
        ui.painter().line_segment([at(6.0, 5.6), at(18.4, 18.0)], stroke);
    }
}

fn menu(ui: &mut Ui, unit: f32, hearing: &Hearing, actions: &mut Vec<Action>) {
    ui.set_min_width(320.0 * unit);
    ui.set_max_width(420.0 * unit);
    ui.spacing_mut().button_padding = vec2(12.0 * unit, 7.0 * unit);
    let small = |text: &str| egui::RichText::new(text).font(theme::font(15.0 * unit)).color(theme::TEXT_DIM);
    let large = |text: &str| egui::RichText::new(text).font(theme::font(19.0 * unit));
    let title = |ui: &mut Ui, text: &str| {
        ui.horizontal(|ui| {
            ui.add_space(12.0 * unit);
            ui.label(small(text));
        });
    };
    if hearing.look == EarLook::Fault {
        ui.horizontal(|ui| {
            ui.add_space(12.0 * unit);
            let words = egui::RichText::new(&hearing.words).font(theme::font(16.0 * unit)).color(theme::AMBER);
            ui.add(egui::Label::new(words).wrap());
        });
        ui.add_space(6.0 * unit);
    }
    title(ui, "Listen");
    for (mode, words) in MODES {
        if ui.selectable_label(hearing.mode == *mode, large(words)).clicked() {
            actions.push(Action::SetListening(*mode));
            ui.close();
        }
    }
    if hearing.mode == ListenMode::Open {
        let words = if hearing.wake {
            "Only after “mirror, mirror”  (on)"
        } else {
            "Only after “mirror, mirror”  (off)"
        };
        if ui.selectable_label(hearing.wake, large(words)).clicked() {
            actions.push(Action::SetWake(!hearing.wake));
            ui.close();
        }
    }
    if hearing.mode == ListenMode::Off {
        return;
    }
    ui.add_space(6.0 * unit);
    title(ui, "To");
    for CameraChoice { value, label } in &hearing.microphones {
        if ui.selectable_label(*value == hearing.microphone, large(label)).clicked() {
            actions.push(Action::SelectMicrophone(value.clone()));
            ui.close();
        }
    }
}

const MODES: &[(ListenMode, &str)] = &[
    (ListenMode::Open, "Whenever somebody speaks"),
    (ListenMode::PushToTalk, "While the space bar is held"),
    (ListenMode::Off, "Never: microphone off"),
];
