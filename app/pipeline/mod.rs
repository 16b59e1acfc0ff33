//! The running mirror: the threads between camera, models and window, and the hand-overs between them.
//!
//! ```text
//! camera-watch ── starts and ends the feeds
//! camera / visitor ──frames (newest wins)──> draw ──shown (newest wins)──> window
//!                                             ^
//! window ──utterances (bounded line)──> talk ─┘ scenes (newest wins)
//! microphone ─> listen ─> recognise ─> hear ─┘
//! ```
//!
//! | thread | does | waits on |
//! |---|---|---|
//! | `camera-watch` | opens, retries, notices stalls, lets the visitor stand in | requests, 100 ms |
//! | `camera` | the camera or the clip that plays one | the driver, or the clip's time |
//! | `visitor` | the demo clip | the clip's time |
//! | `listen`, `recognise` | microphone to utterances to transcripts (`otherglass_speech::Listener`) | the microphone; utterances |
//! | `hear` | transcripts through the wake phrase to the talk, partials to the caption; owns the two above | transcripts, 20 ms |
//! | `talk` | utterance and scene to scene and answer | the line of utterances |
//! | `draw` | frame and scene to picture | the newest frame |
//!
//! [`Mirror`] owns them all and joins them when it is stopped or dropped.

mod camera;
mod draw;
mod feed;
mod listen;
mod slot;
mod talk;
#[cfg(test)]
mod testing;
mod worker;

use std::sync::Arc;

pub use camera::{CameraSettings, CameraState, CameraWatch, CameraWish, Patience, Why};
pub use draw::{Draw, DrawSlots, DrawState, OpenRenderer, Provenance, Shown};
pub use feed::{Captured, Feed, FeedState, Open, Pace};
pub use listen::{Ears, EarsHealth, EarsSettings, EarsState, FindModel, ListenMode, LoadModel, MicrophoneWish};
pub use slot::{Slot, Taken};
pub use talk::{Talk, TalkLine, TalkState};
pub use worker::{Joined, Stop, Worker};

/// How often frames were replaced before they were used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowCounts {
    pub captured: u64,
    pub dropped_before_drawing: u64,
    pub drawn: u64,
    pub dropped_before_display: u64,
}

/// The threads of the running mirror.
#[derive(Debug)]
pub struct Mirror {
    pub talk: Talk,
    pub camera: CameraWatch,
    pub ears: Ears,
    draw: Draw,
    slots: DrawSlots,
    told_abilities: bool,
}

impl Mirror {
    /// Starts everything. `changed` is called from any thread when the window should look again.
    pub fn start(
        camera: CameraSettings,
        ears: EarsSettings,
        open: OpenRenderer,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let slots = DrawSlots::new();
        let draw = Draw::start(open, slots.clone(), Arc::clone(&changed))?;
        let talk = Talk::start(Arc::clone(&slots.scenes), Arc::clone(&changed))?;
        let ears = Ears::start(ears, talk.line(), Arc::clone(&changed))?;
        let camera = CameraWatch::start(camera, Arc::clone(&slots.frames), changed)?;
        Ok(Self { talk, camera, ears, draw, slots, told_abilities: false })
    }

    /// The newest picture, once.
    #[must_use]
    pub fn take_shown(&self) -> Option<Shown> {
        self.slots.shown.take()
    }

    /// How the drawing is going; hands the engine's abilities to the talk.
    #[must_use]
    pub fn draw_state(&mut self) -> DrawState {
        let state = self.draw.state();
        if let Some(abilities) = state.abilities.clone().filter(|_| !self.told_abilities || state.fault.is_some()) {
            self.talk.set_abilities(abilities);
            self.told_abilities = true;
        }
        state
    }

    #[must_use]
    pub fn counts(&self) -> FlowCounts {
        let DrawSlots { frames, scenes: _, shown } = &self.slots;
        FlowCounts {
            captured: frames.put_count(),
            dropped_before_drawing: frames.dropped_count(),
            drawn: shown.put_count(),
            dropped_before_display: shown.dropped_count(),
        }
    }

    /// Ends every thread, the capturing ones first; says how each went.
    pub fn stop_and_join(self) -> [(&'static str, Joined); 4] {
        let Self { talk, camera, ears, draw, slots, told_abilities: _ } = self;
        slots.frames.close();
        let camera = camera.stop_and_join();
        let draw = draw.stop_and_join();
        let ears = ears.stop_and_join();
        [("camera-watch", camera), ("draw", draw), ("hear", ears), ("talk", talk.stop_and_join())]
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use otherglass_generator::render::Passthrough;

    use super::testing::{self, Script, opens, until};
    use super::*;

    #[test]
    fn a_soak_of_two_seconds_flows_counts_and_joins() {
        let patience = Patience { tick: Duration::from_millis(5), ..Patience::default() };
        let camera = CameraSettings { open: opens(Script::camera(250.0)), pace: Pace::Live, stand_in: None, patience };
        let open: OpenRenderer = Box::new(|| Ok(Box::new(Passthrough::new())));
        let mut mirror = Mirror::start(camera, testing::no_ears(), open, Arc::new(|| {})).unwrap();
        let end = Instant::now() + Duration::from_secs(2);
        let (mut last, mut seen, mut said) = (None, 0_u64, 0_u64);
        while Instant::now() < end {
            if seen.is_multiple_of(10) && said <= seen / 10 {
                assert!(mirror.talk.say(if said.is_multiple_of(2) { "give me a crown" } else { "undo" }));
                said += 1;
            }
            if let Some(shown) = mirror.take_shown() {
                assert!(last.is_none_or(|last| shown.provenance.seq > last), "pictures came out of order");
                last = Some(shown.provenance.seq);
                seen += 1;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        until("abilities are known", || mirror.draw.state().abilities.is_some());
        assert!(mirror.draw_state().fault.is_none());
        let counts = mirror.counts();
        assert!(seen > 20, "only {seen} pictures in two seconds");
        let unseen = counts.drawn - counts.dropped_before_display;
        assert!(seen <= unseen && unseen <= seen + 2, "{counts:?}, {seen} seen");
        assert!(counts.captured >= counts.drawn, "{counts:?}");
        for (thread, joined) in mirror.stop_and_join() {
            assert_eq!(joined, Joined::Ended, "{thread}");
        }
    }
}
