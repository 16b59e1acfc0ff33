//! The window: the mirror fills it, and a few glass controls stand on it.
//!
//! ```text
//! pipeline ──shown, answers, states──> app ──ViewModel──> view ──> pixels
//!                                       ^                  │
//!                                       └────── Actions ───┘
//! ```
//!
//! [`app`] knows the threads, [`view`] only data; so every state of the window can be put together in a test.

pub mod app;
mod display;
mod help;
mod icon;
mod listening;
pub mod meters;
pub mod model;
mod paint;
pub mod pictures;
pub mod theme;
pub mod view;
mod widgets;
pub mod words;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::assets::Assets;
use crate::interrupt::Interrupt;
use crate::pipeline::CameraWish;
use crate::settings::MirrorSettings;

/// How the window ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Closed,
    Interrupted,
    /// It could not be opened, and why.
    NoDisplay(String),
}

/// Opens the window and stays until it is closed.
///
/// A clip that was named as the camera must open; a missing camera is no error, the demo visitor stands in.
pub fn open(settings: MirrorSettings, assets: &Assets, interrupt: &Interrupt) -> Result<Ended> {
    if let CameraWish::Clip(path) = &settings.wish {
        drop(otherglass_vision::open_clip(path)?); // a wrong path is told before a window opens
    }
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Otherglass")
        .with_app_id("otherglass")
        .with_icon(icon::icon())
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([480.0, 360.0])
        .with_active(true);
    if settings.fullscreen {
        viewport = viewport.with_fullscreen(true);
    }
    let mut options = eframe::NativeOptions { viewport, renderer: eframe::Renderer::Glow, ..Default::default() };
    display::choose(&mut options);
    let failure: Arc<Mutex<Option<anyhow::Error>>> = Arc::default();
    let (told, assets, waking) = (Arc::clone(&failure), assets.clone(), interrupt.clone());
    let ran = eframe::run_native(
        "otherglass",
        options,
        Box::new(move |creation| {
            let ctx = creation.egui_ctx.clone();
            waking.wake_with(move || ctx.request_repaint());
            match app::MirrorApp::start(&creation.egui_ctx, settings, &assets, waking.clone()) {
                Ok(app) => Ok(Box::new(app)),
                Err(error) => {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err("the mirror could not be started".into())
                }
            }
        }),
    );
    if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    Ok(match ran {
        Err(error) => {
            let (reason, variables) = (display::reason(&error.to_string()), display::variables());
            Ended::NoDisplay(if variables.is_empty() { reason } else { format!("{reason} ({variables})") })
        }
        Ok(()) if interrupt.is_requested() => Ended::Interrupted,
        Ok(()) => Ended::Closed,
    })
}
