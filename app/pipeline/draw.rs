//! The thread that draws: the newest frame and the newest scene in, a picture and where it came from out.
//!
//! A scene that changed is taken up before the next frame is drawn, so it shows on the very next one. When the
//! engine fails, the plain mirror takes over for good and the window says why: a mirror that shows you unchanged is
//! better than a black one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otherglass_generator::render::{Passthrough, RenderError, Renderer, StageTiming};
use otherglass_generator::scene::{Abilities, Scene};
use otherglass_vision::Frame;

use super::feed::Captured;
use super::slot::{Slot, Taken};
use super::worker::{Joined, Stop, Worker};

/// Opens the engine; called once, on the drawing thread.
pub type OpenRenderer = Box<dyn FnOnce() -> Result<Box<dyn Renderer>, RenderError> + Send>;

/// Where a picture came from and what it cost.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The camera frame's number.
    pub seq: u64,
    /// The scene's revision.
    pub revision: u64,
    pub engine: &'static str,
    pub captured_at: Instant,
    /// The whole of drawing.
    pub render_time: Duration,
    pub stages: Vec<StageTiming>,
}

/// A drawn picture, in camera orientation.
#[derive(Clone, Debug)]
pub struct Shown {
    pub frame: Arc<Frame>,
    pub provenance: Provenance,
}

/// The three slots around the drawing thread.
#[derive(Clone, Debug)]
pub struct DrawSlots {
    pub frames: Arc<Slot<Captured>>,
    pub scenes: Arc<Slot<Scene>>,
    pub shown: Arc<Slot<Shown>>,
}

impl DrawSlots {
    #[must_use]
    pub fn new() -> Self {
        Self { frames: Arc::default(), scenes: Arc::default(), shown: Arc::default() }
    }
}

impl Default for DrawSlots {
    fn default() -> Self {
        Self::new()
    }
}

/// What the rest of the program may know of the drawing.
#[derive(Clone, Debug, Default)]
pub struct DrawState {
    /// Known once the engine is open, and again when another takes over.
    pub abilities: Option<Abilities>,
    /// Why the plain mirror has taken over.
    pub fault: Option<String>,
}

/// The drawing thread. Stopped and joined when dropped.
#[derive(Debug)]
pub struct Draw {
    worker: Worker,
    state: Arc<Mutex<DrawState>>,
}

impl Draw {
    pub fn start(open: OpenRenderer, slots: DrawSlots, changed: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let state = Arc::new(Mutex::new(DrawState::default()));
        let told = Arc::clone(&state);
        let worker = Worker::spawn("draw", move |stop| {
            let (renderer, fault) = match guarded(open) {
                Ok(renderer) => (renderer, None),
                Err(fault) => (Box::new(Passthrough::new()) as Box<dyn Renderer>, Some(fault)),
            };
            let mut painter = Painter { renderer, slots, changed, state: told, scene: Scene::default(), feed: None };
            painter.tell(fault);
            painter.run(stop);
        })?;
        Ok(Self { worker, state })
    }

    #[must_use]
    pub fn state(&self) -> DrawState {
        lock(&self.state).clone()
    }

    pub fn stop_and_join(self) -> Joined {
        self.worker.stop_and_join()
    }
}

struct Painter {
    renderer: Box<dyn Renderer>,
    slots: DrawSlots,
    changed: Arc<dyn Fn() + Send + Sync>,
    state: Arc<Mutex<DrawState>>,
    scene: Scene,
    /// The feed of the last frame; another one is a cut.
    feed: Option<u64>,
}

impl Painter {
    fn run(&mut self, stop: &Stop) {
        while !stop.is_requested() {
            match self.slots.frames.wait(Duration::from_millis(50)) {
                Taken::Value(captured) => self.draw(captured),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
        }
    }

    fn draw(&mut self, captured: Captured) {
        let Captured { frame, feed } = captured;
        if self.feed.replace(feed).is_some_and(|last| last != feed) {
            self.renderer.reset();
        }
        if let Some(scene) = self.slots.scenes.take() {
            self.renderer.set_scene(&scene);
            self.scene = scene;
        }
        let start = Instant::now();
        let drawn = match guarded(|| self.renderer.render(&frame)) {
            Ok(drawn) => drawn,
            Err(fault) => {
                self.renderer = Box::new(Passthrough::new());
                self.tell(Some(fault));
                frame
            }
        };
        let provenance = Provenance {
            seq: drawn.seq,
            revision: self.scene.revision,
            engine: self.renderer.name(),
            captured_at: drawn.captured_at,
            render_time: start.elapsed(),
            stages: self.renderer.timings().to_vec(),
        };
        self.slots.shown.put(Shown { frame: Arc::new(drawn), provenance });
        (self.changed)();
    }

    fn tell(&self, fault: Option<String>) {
        if let Some(fault) = &fault {
            tracing::error!("{fault}; the plain mirror takes over");
        }
        *lock(&self.state) = DrawState { abilities: Some(self.renderer.abilities()), fault };
        (self.changed)();
    }
}

/// Runs an engine's code; its error or its panic becomes words.
fn guarded<T>(work: impl FnOnce() -> Result<T, RenderError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("the engine broke down ({})", panic_words(panic.as_ref()))),
    }
}

fn panic_words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

fn lock(mutex: &Mutex<DrawState>) -> MutexGuard<'_, DrawState> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use otherglass_generator::scene::Edit;
    use otherglass_generator::scene::{Item, ItemKind};

    use super::*;

    /// Writes the number of items into every pixel; fails or panics at a given frame.
    #[derive(Default)]
    struct Counting {
        items: u8,
        fail_at: Option<u64>,
        panic_at: Option<u64>,
        resets: Arc<AtomicU32>,
    }

    impl Renderer for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn set_scene(&mut self, scene: &Scene) {
            self.items = scene.items.len() as u8;
        }
        fn render(&mut self, frame: &Frame) -> Result<Frame, RenderError> {
            if Some(frame.seq) == self.panic_at {
                std::panic::resume_unwind(Box::new("asked to panic")); // a panic that prints nothing
            }
            if Some(frame.seq) == self.fail_at {
                return Err(RenderError::Model("asked to fail".into()));
            }
            let mut drawn = frame.clone();
            drawn.pixels.fill(self.items);
            Ok(drawn)
        }
        fn reset(&mut self) {
            self.resets.fetch_add(1, Ordering::SeqCst);
        }
        fn timings(&self) -> &[StageTiming] {
            &[]
        }
        fn abilities(&self) -> Abilities {
            Abilities::house()
        }
    }

    fn frame(seq: u64, feed: u64) -> Captured {
        Captured { frame: Frame::rgb8(vec![77; 4 * 4 * 3], 4, 4, seq, Instant::now()).unwrap(), feed }
    }

    fn start(renderer: Counting) -> (Draw, DrawSlots) {
        let slots = DrawSlots::new();
        let draw = Draw::start(Box::new(move || Ok(Box::new(renderer))), slots.clone(), Arc::new(|| {})).unwrap();
        (draw, slots)
    }

    fn draw_one(slots: &DrawSlots, captured: Captured) -> Shown {
        slots.frames.put(captured);
        let Taken::Value(shown) = slots.shown.wait(Duration::from_secs(10)) else { panic!("nothing was drawn") };
        shown
    }

    #[test]
    fn a_scene_change_is_on_the_very_next_frame() {
        let (draw, slots) = start(Counting::default());
        assert_eq!(draw_one(&slots, frame(0, 1)).frame.pixels[0], 0);
        let mut scene = Scene::default();
        for seq in 1..20 {
            scene.apply(&Edit::Add { item: Item::new(ItemKind::Crown) });
            slots.scenes.put(scene.clone());
            let shown = draw_one(&slots, frame(seq, 1));
            assert_eq!(shown.frame.pixels[0], seq as u8);
            assert_eq!((shown.provenance.seq, shown.provenance.revision), (seq, scene.revision));
        }
        assert_eq!(draw.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn a_failing_engine_gives_way_to_the_plain_mirror() {
        for broken in [
            Counting { fail_at: Some(1), ..Counting::default() },
            Counting { panic_at: Some(1), ..Counting::default() },
        ] {
            let (draw, slots) = start(broken);
            assert_eq!(draw_one(&slots, frame(0, 1)).provenance.engine, "counting");
            let shown = draw_one(&slots, frame(1, 1));
            assert_eq!((shown.provenance.engine, shown.frame.pixels[0]), ("passthrough", 77));
            assert!(draw.state().fault.is_some_and(|fault| fault.contains("asked to")));
            assert_eq!(draw_one(&slots, frame(2, 1)).frame.pixels[0], 77);
        }
    }

    #[test]
    fn an_engine_that_does_not_open_gives_way_too() {
        let slots = DrawSlots::new();
        let open: OpenRenderer = Box::new(|| Err(RenderError::Model("no weights".into())));
        let draw = Draw::start(open, slots.clone(), Arc::new(|| {})).unwrap();
        assert_eq!(draw_one(&slots, frame(0, 1)).provenance.engine, "passthrough");
        assert!(draw.state().fault.is_some_and(|fault| fault.contains("no weights")));
    }

    #[test]
    fn another_feed_is_a_cut() {
        let resets = Arc::new(AtomicU32::new(0));
        let (_draw, slots) = start(Counting { resets: Arc::clone(&resets), ..Counting::default() });
        draw_one(&slots, frame(0, 1));
        draw_one(&slots, frame(1, 1));
        assert_eq!(resets.load(Ordering::SeqCst), 0);
        draw_one(&slots, frame(0, 2));
        assert_eq!(resets.load(Ordering::SeqCst), 1);
    }
}
