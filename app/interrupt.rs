//! Ctrl-C: the first asks for an orderly end, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

/// The exit code of an interrupted program, as shells expect it.
pub const INTERRUPTED: u8 = 130;

type Wake = Box<dyn Fn() + Send>;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    wake: Arc<Mutex<Option<Wake>>>,
}

impl Interrupt {
    /// Listens for Ctrl-C (and a polite kill) from now on. Once in a program.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let inside = interrupt.clone();
        ctrlc::set_handler(move || inside.request()).context("Ctrl-C can't be listened for")?;
        Ok(interrupt)
    }

    /// Calls `wake` when Ctrl-C is pressed, so that somebody who sleeps looks.
    pub fn wake_with(&self, wake: impl Fn() + Send + 'static) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    fn request(&self) {
        if self.asked.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        if let Some(wake) = self.wake.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_seen_and_wakes() {
        let interrupt = Interrupt::default();
        let woken = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&woken);
        interrupt.wake_with(move || seen.store(true, Ordering::SeqCst));
        assert!(!interrupt.is_requested());
        interrupt.request();
        assert!(interrupt.is_requested() && woken.load(Ordering::SeqCst));
    }
}
