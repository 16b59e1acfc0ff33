//! The commands without a window.

pub mod bench;
pub mod bench_speech;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod models;
pub mod render;
pub mod say;
pub mod score;
pub mod transcribe;
