//! The two models: words become a [`scene::Scene`], a frame and a scene become a picture.

pub mod render;
pub mod scene;
