//! Keeps a picture before the mirror: the camera when there is one, the demo visitor when there is not.
//!
//! ```text
//!              ┌─ feed "camera"  ─┐
//! watch ──────>│                  ├─(gate)─> newest frame ─> renderer
//!  every 100 ms└─ feed "visitor" ─┘
//! ```
//!
//! The watch opens the camera, tries again every two seconds, takes one that stopped delivering for stalled, and
//! lets the demo visitor stand in meanwhile. A thread stuck in a driver is waited for before the camera is tried again,
//! so there is never more than one.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use otherglass_vision::{CameraDescription, CameraOptions, CameraSelector, list_cameras, open_camera, open_clip};

use super::feed::{Captured, Feed, FeedState, Gate, Open, Pace};
use super::slot::Slot;
use super::worker::{Joined, Stop, Worker};

/// Which camera to look through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraWish {
    Camera(CameraSelector),
    /// A clip, a picture or a folder that plays the camera.
    Clip(PathBuf),
}

impl CameraWish {
    /// Whichever camera there is.
    #[must_use]
    pub fn first() -> Self {
        Self::Camera(CameraSelector::First)
    }

    /// Reads what `--camera` takes: a path that exists or looks like one, a number, or a part of a name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let path = PathBuf::from(text);
        let is_number = text.trim().parse::<u32>().is_ok();
        let looks_like_path =
            text.contains(['/', '\\']) || path.extension().is_some_and(|extension| extension.len() <= 4);
        // `str::parse` of a selector can't fail; what is neither number nor path is a name.
        match (is_number, looks_like_path || path.exists()) {
            (false, true) => Self::Clip(path),
            _ => Self::Camera(text.parse().unwrap_or_default()),
        }
    }

    fn open(&self) -> (Open, Pace) {
        match self.clone() {
            Self::Camera(selector) => (Arc::new(move || open_camera(&selector, &CameraOptions::default())), Pace::Live),
            Self::Clip(path) => (Arc::new(move || open_clip(&path)), Pace::Looped),
        }
    }
}

/// What stands before the mirror.
#[derive(Clone, Debug, PartialEq)]
pub enum CameraState {
    /// Nothing has come yet.
    Opening,
    /// The camera that was wished for.
    Live { name: String, width: u32, height: u32 },
    /// The demo visitor stands in.
    StandIn(Why),
    /// No camera and no demo clip.
    Dark(Why),
}

/// Why there is no camera picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    pub words: String,
    /// There is no camera at all, as opposed to one that fails.
    pub absent: bool,
}

impl Why {
    fn failing(words: impl Into<String>) -> Self {
        Self { words: words.into(), absent: false }
    }
}

/// How long to wait for what. Fields, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub tick: Duration,
    /// Without a first frame after this long the demo visitor stands in.
    pub open_within: Duration,
    /// Without a frame for this long the camera counts as stalled.
    pub stalled_after: Duration,
    pub retry_every: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(100),
            open_within: Duration::from_secs(4),
            stalled_after: Duration::from_secs(2),
            retry_every: Duration::from_secs(2),
        }
    }
}

/// What the watch needs.
pub struct CameraSettings {
    pub open: Open,
    pub pace: Pace,
    /// The demo visitor.
    pub stand_in: Option<Open>,
    pub patience: Patience,
}

impl CameraSettings {
    #[must_use]
    pub fn new(wish: &CameraWish, demo_clip: Option<PathBuf>) -> Self {
        let (open, pace) = wish.open();
        let stand_in = demo_clip.map(|path| -> Open { Arc::new(move || open_clip(&path)) });
        Self { open, pace, stand_in, patience: Patience::default() }
    }
}

enum Request {
    Look(CameraWish),
    List,
}

#[derive(Debug)]
struct Told {
    state: CameraState,
    cameras: Vec<CameraDescription>,
}

/// The watch and its thread. Stopped and joined when dropped.
#[derive(Debug)]
pub struct CameraWatch {
    worker: Worker,
    requests: SyncSender<Request>,
    told: Arc<Mutex<Told>>,
}

impl CameraWatch {
    pub fn start(
        settings: CameraSettings,
        slot: Arc<Slot<Captured>>,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let told = Arc::new(Mutex::new(Told { state: CameraState::Opening, cameras: Vec::new() }));
        let (requests, inbox) = sync_channel(8);
        let watch = Watch {
            settings,
            slot,
            changed,
            told: Arc::clone(&told),
            gate: Arc::default(),
            next_id: 1,
            camera: None,
            stand_in: None,
            stuck: None,
            why: Why::default(),
            retry_at: None,
        };
        let worker = Worker::spawn("camera-watch", move |stop| watch.run(&inbox, stop))?;
        Ok(Self { worker, requests, told })
    }

    #[must_use]
    pub fn state(&self) -> CameraState {
        lock(&self.told).state.clone()
    }

    /// The cameras as last listed.
    #[must_use]
    pub fn cameras(&self) -> Vec<CameraDescription> {
        lock(&self.told).cameras.clone()
    }

    /// Asks for the list to be made anew.
    pub fn list(&self) {
        self.send(Request::List);
    }

    /// Looks through another camera from now on.
    pub fn look_through(&self, wish: CameraWish) {
        self.send(Request::Look(wish));
    }

    fn send(&self, request: Request) {
        if let Err(TrySendError::Full(_)) = self.requests.try_send(request) {
            tracing::warn!("the camera watch is busy; the request was dropped");
        }
    }

    pub fn stop_and_join(self) -> Joined {
        self.worker.stop_and_join()
    }
}

struct Watch {
    settings: CameraSettings,
    slot: Arc<Slot<Captured>>,
    changed: Arc<dyn Fn() + Send + Sync>,
    told: Arc<Mutex<Told>>,
    gate: Arc<Gate>,
    next_id: u64,
    camera: Option<Feed>,
    stand_in: Option<Feed>,
    /// A stalled camera's thread that has not come back from the driver.
    stuck: Option<Feed>,
    /// Why there is no camera, for the window.
    why: Why,
    retry_at: Option<Instant>,
}

impl Watch {
    fn run(mut self, inbox: &Receiver<Request>, stop: &Stop) {
        self.open_camera();
        while !stop.is_requested() {
            match inbox.recv_timeout(self.settings.patience.tick) {
                Ok(Request::Look(wish)) => self.look_through(&wish),
                Ok(Request::List) => self.list(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.check();
        }
        for feed in [&self.camera, &self.stand_in, &self.stuck].into_iter().flatten() {
            feed.request_stop(); // all at once, before each is joined by its drop
        }
    }

    fn look_through(&mut self, wish: &CameraWish) {
        (self.settings.open, self.settings.pace) = wish.open();
        if let Some(old) = self.camera.take() {
            self.put_away(old);
        }
        self.why = Why::default();
        self.tell(CameraState::Opening);
        self.open_camera();
    }

    fn list(&mut self) {
        match list_cameras() {
            Ok(cameras) => lock(&self.told).cameras = cameras,
            Err(error) => tracing::warn!("{error}"),
        }
        (self.changed)();
    }

    fn open_camera(&mut self) {
        self.retry_at = None;
        self.camera = self.start_feed("camera", Arc::clone(&self.settings.open), self.settings.pace);
    }

    fn start_feed(&mut self, name: &str, open: Open, pace: Pace) -> Option<Feed> {
        let id = self.next_id;
        self.next_id += 1;
        let started = Feed::start(id, name, open, pace, Arc::clone(&self.gate), Arc::clone(&self.slot));
        started.map_err(|error| tracing::error!("the thread {name} could not be started: {error}")).ok()
    }

    /// Looks after the feeds once.
    fn check(&mut self) {
        if self.stuck.as_ref().is_some_and(Feed::is_finished) {
            self.stuck = None;
        }
        let patience = self.settings.patience;
        match self.camera.as_ref().map(|feed| (feed.id, feed.state())) {
            Some((id, FeedState::Live { name, width, height, last_frame_at })) => {
                if last_frame_at.elapsed() > patience.stalled_after {
                    self.lose_camera(Why::failing(format!("{name} stopped sending pictures")));
                } else {
                    self.gate.open_for(id);
                    self.stand_in = None; // stopped and joined here
                    self.tell(CameraState::Live { name, width, height });
                }
            }
            Some((_, FeedState::Opening { since })) => {
                if since.elapsed() > patience.open_within {
                    self.stand_in_for(Why::failing("the camera does not answer"));
                } else if self.stand_in.is_some() {
                    self.stand_in_for(self.why.clone());
                }
            }
            Some((_, FeedState::Ended { reason, absent })) => self.lose_camera(Why { words: reason, absent }),
            None => {
                self.stand_in_for(self.why.clone());
                let due = self.retry_at.is_none_or(|at| Instant::now() >= at);
                if due && self.stuck.is_none() {
                    self.open_camera();
                }
            }
        }
    }

    fn lose_camera(&mut self, why: Why) {
        if let Some(feed) = self.camera.take() {
            self.put_away(feed);
        }
        if why != self.why {
            tracing::info!("{}", why.words);
        }
        self.retry_at = Some(Instant::now() + self.settings.patience.retry_every);
        self.stand_in_for(why);
    }

    /// Stops a feed without waiting for a driver.
    fn put_away(&mut self, feed: Feed) {
        feed.request_stop();
        if !feed.is_finished() {
            self.stuck = Some(feed);
        }
    }

    fn stand_in_for(&mut self, why: Why) {
        self.why.clone_from(&why);
        if self.stand_in.is_none() {
            let Some(open) = self.settings.stand_in.clone() else { return self.tell(CameraState::Dark(why)) };
            self.stand_in = self.start_feed("visitor", open, Pace::Looped);
        }
        let Some(feed) = &self.stand_in else { return };
        match feed.state() {
            FeedState::Ended { reason, .. } => {
                let words = format!("{}; and the demo visitor can't be played: {reason}", why.words);
                self.tell(CameraState::Dark(Why { words, ..why }));
            }
            FeedState::Opening { .. } | FeedState::Live { .. } => {
                self.gate.open_for(feed.id);
                self.tell(CameraState::StandIn(why));
            }
        }
    }

    fn tell(&self, state: CameraState) {
        let mut told = lock(&self.told);
        if told.state != state {
            told.state = state;
            drop(told);
            (self.changed)();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use otherglass_vision::VisionError;

    use super::super::testing::{self, Script};
    use super::*;

    fn quick() -> Patience {
        Patience {
            tick: Duration::from_millis(5),
            open_within: Duration::from_millis(150),
            stalled_after: Duration::from_millis(150),
            retry_every: Duration::from_millis(30),
        }
    }

    fn watch(open: Open, stand_in: Option<Open>) -> (CameraWatch, Arc<Slot<Captured>>) {
        let slot = Arc::new(Slot::new());
        let settings = CameraSettings { open, pace: Pace::Live, stand_in, patience: quick() };
        (CameraWatch::start(settings, Arc::clone(&slot), Arc::new(|| {})).unwrap(), slot)
    }

    fn is_stand_in(watch: &CameraWatch) -> bool {
        matches!(watch.state(), CameraState::StandIn(_))
    }

    fn is_live(watch: &CameraWatch) -> bool {
        matches!(watch.state(), CameraState::Live { .. })
    }

    #[test]
    fn without_a_camera_the_visitor_plays_until_one_appears() {
        let plugged = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&plugged);
        let camera = testing::opens(Script::camera(200.0));
        let open: Open =
            Arc::new(move || if seen.load(Ordering::SeqCst) { camera() } else { Err(VisionError::NoCamera) });
        let (watch, slot) = watch(open, Some(testing::opens(Script::clip(10, 100.0))));
        testing::until("the visitor stands in", || is_stand_in(&watch));
        assert!(matches!(slot.wait(Duration::from_secs(10)), super::super::slot::Taken::Value(_)));
        let CameraState::StandIn(why) = watch.state() else { panic!("the camera came by itself") };
        assert!(why.absent, "{why:?}");
        plugged.store(true, Ordering::SeqCst);
        testing::until("the camera is live", || is_live(&watch));
        assert_eq!(watch.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn a_stalled_camera_is_noticed_and_tried_again() {
        let script = Script { stall_after: Some((5, Duration::from_millis(600))), ..Script::camera(200.0) };
        let (watch, _slot) = watch(testing::opens(script), Some(testing::opens(Script::clip(10, 100.0))));
        testing::until("the camera is live", || is_live(&watch));
        testing::until("the stall is noticed", || is_stand_in(&watch));
        if let CameraState::StandIn(why) = watch.state() {
            assert!(why.words.contains("stopped sending") && !why.absent, "{why:?}");
        }
        testing::until("the camera is live again", || is_live(&watch));
        assert_eq!(watch.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn an_unplugged_camera_gives_way_and_comes_back() {
        let script = Script { fail_after: Some(5), ..Script::camera(200.0) };
        let (watch, _slot) = watch(testing::opens(script), Some(testing::opens(Script::clip(10, 100.0))));
        testing::until("the camera is live", || is_live(&watch));
        testing::until("the visitor stands in", || is_stand_in(&watch));
        testing::until("the camera is live again", || is_live(&watch));
    }

    #[test]
    fn without_camera_and_demo_it_is_dark_and_says_why() {
        let (watch, _slot) = watch(Arc::new(|| Err(VisionError::NoCamera)), None);
        testing::until("it is dark", || matches!(watch.state(), CameraState::Dark(_)));
    }

    #[test]
    fn another_camera_can_be_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("me.png");
        image::RgbImage::from_pixel(64, 48, image::Rgb([10, 200, 30])).save(&picture).unwrap();
        let (watch, slot) = watch(testing::opens(Script::camera(200.0)), None);
        testing::until("the camera is live", || is_live(&watch));
        watch.look_through(CameraWish::Clip(picture));
        testing::until("the picture is live", || {
            matches!(watch.state(), CameraState::Live { width: 64, .. })
                && slot.take().is_some_and(|c| c.frame.width == 64)
        });
    }

    #[test]
    fn what_people_type_is_a_number_a_name_or_a_path() {
        assert_eq!(CameraWish::parse("1"), CameraWish::Camera(CameraSelector::Index(1)));
        assert_eq!(CameraWish::parse("Logitech"), CameraWish::Camera(CameraSelector::Name("Logitech".into())));
        assert_eq!(
            CameraWish::parse("HD Pro Webcam C920"),
            CameraWish::Camera(CameraSelector::Name("HD Pro Webcam C920".into()))
        );
        assert_eq!(CameraWish::parse("clips/yes.mkv"), CameraWish::Clip("clips/yes.mkv".into()));
        assert_eq!(CameraWish::parse("missing.mp4"), CameraWish::Clip("missing.mp4".into()));
    }
}
