//! The scene as data, and the state model that changes it by what is said.
//!
//! What: [`Scene`] holds the items on and about the visitor, the world around and the style of the picture.
//! [`Edit`] is everything that can happen to it. [`Conversation`] is the state model: it takes one utterance and the
//! present scene and gives the changed scene and a short reply. It never sees pixels.
//!
//! ```text
//! words ──understand──> Command ──resolve (scene, memory)──> Edit ──apply──> Scene ──> renderer
//!                                                              └──> Reply (text, edits) ──> window
//! ```
//!
//! Languages are data: the files of `lexicon/` map what people say to the same few concepts.

mod abilities;
mod color;
mod conversation;
mod describe;
mod english;
mod kind;
mod safety;
mod state;
mod understand;
mod world;

pub use abilities::Abilities;
pub use color::Color;
pub use conversation::{Conversation, Reply, StateModel};
pub use describe::scene_json;
pub use kind::{ItemKind, ParseNameError, Place};
pub use safety::{SafetyFilter, SafetyLevel};
pub use state::{Edit, Item, MAX_COUNT, MAX_SIZE, MIN_SIZE, SIZE_STEP, Scene};
pub use understand::{Vocabulary, vocabulary};
pub use world::{Style, StyleName, Theme, World};
