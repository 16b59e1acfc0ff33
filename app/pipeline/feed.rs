//! One source played into the frame slot: a camera as it comes, a clip at its own pace and again from the start.
//!
//! A feed owns one worker thread, because a camera may block for ever. It says how it is doing in a [`FeedState`];
//! whether its frames are wanted is the caller's business, through the [`Gate`] that all feeds share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use otherglass_vision::{Frame, FrameSource, VisionError};

use super::slot::Slot;
use super::worker::{Joined, Stop, Worker};

/// A frame and the feed that it came from; another feed is a cut in the footage.
#[derive(Debug)]
pub struct Captured {
    /// RGB, camera orientation.
    pub frame: Frame,
    pub feed: u64,
}

/// Opens a source; called on the feed's own thread, and again for every round of a clip.
pub type Open = Arc<dyn Fn() -> Result<Box<dyn FrameSource>, VisionError> + Send + Sync>;

/// Whether a source keeps its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A camera: a frame comes when it comes, and there is no end.
    Live,
    /// A clip: frames are held back to their times, and it starts again at its end.
    Looped,
}

/// How a feed is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedState {
    Opening {
        since: Instant,
    },
    Live {
        name: String,
        width: u32,
        height: u32,
        last_frame_at: Instant,
    },
    /// `absent`: there is no camera at all.
    Ended {
        reason: String,
        absent: bool,
    },
}

/// Lets through the frames of one feed only.
#[derive(Debug, Default)]
pub struct Gate {
    open_for: AtomicU64,
}

impl Gate {
    /// From now on the frames of that feed count.
    pub fn open_for(&self, feed: u64) {
        self.open_for.store(feed, Ordering::Release);
    }

    fn lets(&self, feed: u64) -> bool {
        self.open_for.load(Ordering::Acquire) == feed
    }
}

/// A picture is shown again this often, so that what the renderer carries from frame to frame goes on.
const STILL_FRAME_RATE: f64 = 30.0;
/// A player that fell behind by more than this starts its clock anew instead of rushing.
const MOST_BEHIND: Duration = Duration::from_millis(500);

/// A running feed. Stopped and joined when dropped.
#[derive(Debug)]
pub struct Feed {
    pub id: u64,
    worker: Worker,
    state: Arc<Mutex<FeedState>>,
}

impl Feed {
    pub fn start(
        id: u64,
        name: &str,
        open: Open,
        pace: Pace,
        gate: Arc<Gate>,
        slot: Arc<Slot<Captured>>,
    ) -> std::io::Result<Self> {
        let state = Arc::new(Mutex::new(FeedState::Opening { since: Instant::now() }));
        let told = Arc::clone(&state);
        let worker = Worker::spawn(name, move |stop| {
            let mut player = Player { id, pace, gate, slot, told: Arc::clone(&told), next_seq: 0 };
            let (reason, absent) = match player.play(&open, stop) {
                Ok(()) => ("stopped".to_owned(), false),
                Err(error) => (error.to_string(), matches!(error, VisionError::NoCamera)),
            };
            *lock(&told) = FeedState::Ended { reason, absent };
        })?;
        Ok(Self { id, worker, state })
    }

    #[must_use]
    pub fn state(&self) -> FeedState {
        lock(&self.state).clone()
    }

    pub fn request_stop(&self) {
        self.worker.request_stop();
    }

    /// Whether its thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.worker.is_finished()
    }

    pub fn stop_and_join(self) -> Joined {
        self.worker.stop_and_join()
    }
}

struct Player {
    id: u64,
    pace: Pace,
    gate: Arc<Gate>,
    slot: Arc<Slot<Captured>>,
    told: Arc<Mutex<FeedState>>,
    next_seq: u64,
}

impl Player {
    fn play(&mut self, open: &Open, stop: &Stop) -> Result<(), VisionError> {
        loop {
            let mut source = open()?;
            let name = source.info().name.clone();
            let mut round_start: Option<Instant> = None;
            let mut last: Option<(Frame, f64)> = None;
            let mut count = 0_u64;
            while let Some(frame) = source.next_frame()? {
                if stop.is_requested() {
                    return Ok(());
                }
                let frame = frame.into_rgb8();
                count += 1;
                if self.pace == Pace::Looped {
                    let position = Duration::from_secs_f64(source.position_s().max(0.0));
                    if hold(&mut round_start, position, stop) {
                        return Ok(());
                    }
                    last = Some((frame.clone(), source.position_s()));
                }
                self.show(frame, &name);
            }
            match (self.pace, last) {
                (Pace::Live, _) => return Err(VisionError::CameraUnplugged { camera: name }),
                (Pace::Looped, None) => {
                    return Err(VisionError::NoFrames {
                        path: name.into(),
                        what: "it holds no picture".into(),
                        help: "choose another clip".into(),
                    });
                }
                (Pace::Looped, Some((frame, _))) if count == 1 => return self.hold_still(&frame, &name, stop),
                (Pace::Looped, Some(_)) => {
                    let frame_time =
                        1.0 / source.info().frame_rate.filter(|rate| *rate > 0.1).unwrap_or(STILL_FRAME_RATE);
                    if stop.sleep(Duration::from_secs_f64(frame_time.min(1.0))) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// One picture, for as long as it is wanted.
    fn hold_still(&mut self, frame: &Frame, name: &str, stop: &Stop) -> Result<(), VisionError> {
        while !stop.sleep(Duration::from_secs_f64(1.0 / STILL_FRAME_RATE)) {
            self.show(frame.clone(), name);
        }
        Ok(())
    }

    fn show(&mut self, mut frame: Frame, name: &str) {
        let now = Instant::now();
        if self.pace == Pace::Looped {
            frame.captured_at = now; // a clip is "captured" when its time has come
        }
        frame.seq = self.next_seq;
        self.next_seq += 1;
        let (width, height) = (frame.width, frame.height);
        let live = FeedState::Live { name: name.to_owned(), width, height, last_frame_at: now };
        *lock(&self.told) = live;
        if self.gate.lets(self.id) {
            self.slot.put(Captured { frame, feed: self.id });
        }
    }
}

/// Waits until `position` of the round is due; true when stopped meanwhile.
fn hold(round_start: &mut Option<Instant>, position: Duration, stop: &Stop) -> bool {
    let now = Instant::now();
    let start = *round_start.get_or_insert(now.checked_sub(position).unwrap_or(now));
    let due = start + position;
    if now > due + MOST_BEHIND {
        *round_start = now.checked_sub(position);
        return stop.is_requested();
    }
    stop.sleep(due.saturating_duration_since(now))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::slot::Taken;
    use super::super::testing::{self, Script};
    use super::*;

    fn start(open: Open, pace: Pace) -> (Feed, Arc<Slot<Captured>>) {
        let (gate, slot) = (Arc::new(Gate::default()), Arc::new(Slot::new()));
        gate.open_for(1);
        (Feed::start(1, "feed-test", open, pace, gate, Arc::clone(&slot)).unwrap(), slot)
    }

    #[test]
    fn a_clip_is_held_to_its_pace_and_starts_again() {
        let (feed, slot) = start(testing::opens(Script::clip(5, 50.0)), Pace::Looped);
        let begin = Instant::now();
        let mut seen = Vec::new();
        while seen.len() < 12 {
            let Taken::Value(captured) = slot.wait(Duration::from_secs(10)) else { panic!("no frame came") };
            seen.push(captured.frame.seq);
        }
        assert!(
            begin.elapsed() >= Duration::from_millis(200),
            "12 frames at 50 a second came in {:?}",
            begin.elapsed()
        );
        assert!(seen.windows(2).all(|pair| pair[1] > pair[0]), "{seen:?}");
        assert_eq!(feed.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn a_picture_is_held() {
        let (feed, slot) = start(testing::opens(Script::clip(1, 30.0)), Pace::Looped);
        for _ in 0..3 {
            assert!(matches!(slot.wait(Duration::from_secs(10)), Taken::Value(_)));
        }
        assert_eq!(feed.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn a_clip_without_frames_ends_with_a_reason() {
        let (feed, _slot) = start(testing::opens(Script::clip(0, 30.0)), Pace::Looped);
        testing::until("the feed has ended", || matches!(feed.state(), FeedState::Ended { .. }));
        let FeedState::Ended { reason, absent } = feed.state() else { panic!("it ended a moment ago") };
        assert!(!absent);
        assert!(reason.contains("no picture"), "{reason}");
    }

    #[test]
    fn frames_of_a_closed_gate_do_not_pass() {
        let (gate, slot) = (Arc::new(Gate::default()), Arc::new(Slot::new()));
        gate.open_for(2);
        let open = testing::opens(Script::clip(5, 100.0));
        let feed = Feed::start(1, "feed-test", open, Pace::Looped, gate, Arc::clone(&slot)).unwrap();
        testing::until("the feed plays", || matches!(feed.state(), FeedState::Live { .. }));
        assert!(matches!(slot.wait(Duration::from_millis(100)), Taken::Nothing));
    }
}
