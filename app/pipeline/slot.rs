//! A place for one value where the newest wins.
//!
//! Between camera, renderer and window only the newest frame is worth anything: a queue would show the past. A
//! writer never waits; a value that nobody took is replaced and counted as dropped. Closing wakes every waiter.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Hands the newest value from one thread to another.
#[derive(Debug)]
pub struct Slot<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    closed: bool,
    put_count: u64,
    dropped_count: u64,
}

/// What waiting for a value ended in.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    Value(T),
    /// Nothing came within the time given.
    Nothing,
    /// The slot is closed and empty; nothing will come any more.
    Closed,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slot<T> {
    #[must_use]
    pub fn new() -> Self {
        let state = State { value: None, closed: false, put_count: 0, dropped_count: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Puts the newest value; one that was never taken is dropped. A closed slot takes nothing.
    pub fn put(&self, value: T) {
        let replaced = {
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.put_count += 1;
            let replaced = state.value.replace(value);
            state.dropped_count += u64::from(replaced.is_some());
            replaced
        };
        self.changed.notify_one();
        drop(replaced); // freed outside the lock: a frame is megabytes
    }

    /// Takes the value if there is one.
    pub fn take(&self) -> Option<T> {
        self.lock().value.take()
    }

    /// Waits for a value, at most `patience`.
    pub fn wait(&self, patience: Duration) -> Taken<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(value) = state.value.take() {
                return Taken::Value(value);
            }
            if state.closed {
                return Taken::Closed;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the hand-over: waiters wake, further values are refused.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Values that were replaced before anybody took them.
    #[must_use]
    pub fn dropped_count(&self) -> u64 {
        self.lock().dropped_count
    }

    /// Values put since the start.
    #[must_use]
    pub fn put_count(&self) -> u64 {
        self.lock().put_count
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A panic elsewhere can't leave a half-written value here, so a poisoned lock is still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_newest_value_wins_and_drops_are_counted() {
        let slot = Slot::new();
        slot.put(1);
        slot.put(2);
        slot.put(3);
        assert_eq!(slot.take(), Some(3));
        assert_eq!(slot.take(), None);
        assert_eq!((slot.put_count(), slot.dropped_count()), (3, 2));
    }

    #[test]
    fn a_taken_value_is_not_a_drop() {
        let slot = Slot::new();
        for value in 0..5 {
            slot.put(value);
            assert_eq!(slot.take(), Some(value));
        }
        assert_eq!(slot.dropped_count(), 0);
    }

    #[test]
    fn waiting_ends_without_a_value() {
        let slot = Slot::<u8>::new();
        let start = Instant::now();
        assert_eq!(slot.wait(Duration::from_millis(30)), Taken::Nothing);
        assert!(start.elapsed() >= Duration::from_millis(30));
    }

    #[test]
    fn a_waiter_gets_what_another_thread_puts() {
        let slot = Arc::new(Slot::new());
        let writer = Arc::clone(&slot);
        let thread = std::thread::Builder::new()
            .name("slot-writer".into())
            .spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                writer.put("frame");
            })
            .unwrap();
        assert_eq!(slot.wait(LONG), Taken::Value("frame"));
        thread.join().unwrap();
    }

    #[test]
    fn closing_wakes_a_waiter_and_refuses_values() {
        let slot = Arc::new(Slot::<u8>::new());
        let closer = Arc::clone(&slot);
        let thread = std::thread::Builder::new()
            .name("slot-closer".into())
            .spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                closer.close();
            })
            .unwrap();
        assert_eq!(slot.wait(LONG), Taken::Closed);
        thread.join().unwrap();
        slot.put(1);
        assert_eq!(slot.take(), None);
    }

    #[test]
    fn what_was_put_before_closing_still_arrives() {
        let slot = Slot::new();
        slot.put(7);
        slot.close();
        assert_eq!(slot.wait(LONG), Taken::Value(7));
        assert_eq!(slot.wait(LONG), Taken::Closed);
    }
}
