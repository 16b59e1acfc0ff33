//! A named thread that is told to stop and then joined by its owner.
//!
//! Every thread of the program is a [`Worker`]. A worker polls its [`Stop`] between units of work, or sleeps on it.
//! The one thing that can't be interrupted is a camera driver that never answers: such a worker is let go after
//! a grace time, with one line in the log, instead of hanging the program at exit.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Tells a worker to stop, and lets it sleep until then.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl Stop {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end; sleepers wake.
    pub fn request(&self) {
        let (asked, changed) = &*self.inner;
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time` or until the stop is asked for; true when it was.
    pub fn sleep(&self, time: Duration) -> bool {
        let (asked, changed) = &*self.inner;
        let guard = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) =
            changed.wait_timeout_while(guard, time, |asked| !*asked).unwrap_or_else(PoisonError::into_inner);
        *guard
    }
}

/// How the end of a worker went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It ended in time.
    Ended,
    /// It panicked; the panic was printed when it happened.
    Panicked,
    /// It did not answer within the grace time and was let go.
    Abandoned,
}

/// One thread, its name and its stop flag. Stopped and joined when dropped.
#[derive(Debug)]
pub struct Worker {
    name: String,
    stop: Stop,
    handle: Option<JoinHandle<()>>,
    grace: Duration,
}

impl Worker {
    /// How long a stopped worker may take to end.
    const GRACE: Duration = Duration::from_secs(3);

    /// Starts `work` on a thread of that name (15 bytes at most show in system tools).
    pub fn spawn(name: &str, work: impl FnOnce(&Stop) + Send + 'static) -> io::Result<Self> {
        let stop = Stop::new();
        let inside = stop.clone();
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&inside))?;
        Ok(Self { name: name.to_owned(), stop, handle: Some(handle), grace: Self::GRACE })
    }

    /// Asks the worker to end, without waiting.
    pub fn request_stop(&self) {
        self.stop.request();
    }

    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops the worker and waits for its end.
    pub fn stop_and_join(mut self) -> Joined {
        self.finish()
    }

    fn finish(&mut self) -> Joined {
        self.stop.request();
        let Some(handle) = self.handle.take() else { return Joined::Ended };
        let deadline = Instant::now() + self.grace;
        while !handle.is_finished() {
            if Instant::now() >= deadline {
                tracing::warn!("the thread {} did not end within {:?} and was let go", self.name, self.grace);
                return Joined::Abandoned;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        if handle.join().is_err() { Joined::Panicked } else { Joined::Ended }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn stopping_wakes_a_sleeping_worker_and_joins_it() {
        let ended = Arc::new(AtomicBool::new(false));
        let inside = Arc::clone(&ended);
        let worker = Worker::spawn("sleeper", move |stop| {
            assert!(stop.sleep(Duration::from_secs(60)));
            inside.store(true, Ordering::SeqCst);
        })
        .unwrap();
        let start = Instant::now();
        assert_eq!(worker.stop_and_join(), Joined::Ended);
        assert!(ended.load(Ordering::SeqCst));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn dropping_a_worker_joins_it() {
        let ended = Arc::new(AtomicBool::new(false));
        let inside = Arc::clone(&ended);
        let worker = Worker::spawn("dropped", move |stop| {
            while !stop.sleep(Duration::from_millis(1)) {}
            inside.store(true, Ordering::SeqCst);
        })
        .unwrap();
        drop(worker);
        assert!(ended.load(Ordering::SeqCst));
    }

    #[test]
    fn a_worker_that_never_answers_is_let_go() {
        let mut worker = Worker::spawn("stuck", |_| std::thread::sleep(Duration::from_millis(400))).unwrap();
        worker.grace = Duration::from_millis(20);
        assert_eq!(worker.stop_and_join(), Joined::Abandoned);
    }

    #[test]
    fn the_thread_carries_its_name() {
        let (told, name) = std::sync::mpsc::sync_channel(1);
        let worker = Worker::spawn("named", move |_| {
            told.send(std::thread::current().name().map(str::to_owned)).unwrap();
        })
        .unwrap();
        assert_eq!(name.recv().unwrap().as_deref(), Some("named"));
        assert_eq!(worker.stop_and_join(), Joined::Ended);
    }
}
