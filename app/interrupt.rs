//! Signals that end the program: the first asks for an orderly end, the second ends at once.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

/// The number of SIGINT, which Ctrl-C sends.
const SIGINT: u8 = 2;
/// Shells expect 128 and the number of the signal as exit code.
const SIGNALLED: u8 = 128;

type Wake = Box<dyn Fn() + Send>;

/// The signal that asked the program to end, if one has come.
#[derive(Clone, Default)]
pub struct Interrupt {
    /// Number of the signal; 0 until one has come.
    signal: Arc<AtomicU8>,
    wake: Arc<Mutex<Option<Wake>>>,
}

impl Interrupt {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP from now on. Once in a program.
    #[cfg(unix)]
    pub fn listen() -> Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let interrupt = Self::default();
        let inside = interrupt.clone();
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .context("signals such as Ctrl-C can't be listened for")?;
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for signal in signals.forever() {
                    inside.request(u8::try_from(signal).unwrap_or_default());
                }
            })
            .context("signals such as Ctrl-C can't be listened for")?;
        Ok(interrupt)
    }

    /// Listens for Ctrl-C from now on. Once in a program.
    #[cfg(not(unix))]
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let inside = interrupt.clone();
        ctrlc::set_handler(move || inside.request(SIGINT)).context("Ctrl-C can't be listened for")?;
        Ok(interrupt)
    }

    /// Calls `wake` when the first signal comes, so that somebody who sleeps looks.
    pub fn wake_with(&self, wake: impl Fn() + Send + 'static) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.signal.load(Ordering::SeqCst) != 0
    }

    /// The exit code of a program that was interrupted: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.signal.load(Ordering::SeqCst) {
            0 => SIGNALLED + SIGINT,
            signal => SIGNALLED.saturating_add(signal),
        }
    }

    fn request(&self, signal: u8) {
        if self.signal.swap(signal, Ordering::SeqCst) != 0 {
            std::process::exit(i32::from(self.exit_code()));
        }
        if let Some(wake) = self.wake.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn a_request_is_seen_and_wakes() {
        let interrupt = Interrupt::default();
        let woken = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&woken);
        interrupt.wake_with(move || seen.store(true, Ordering::SeqCst));
        assert!(!interrupt.is_requested());
        interrupt.request(15);
        assert!(interrupt.is_requested() && woken.load(Ordering::SeqCst));
        assert_eq!(interrupt.exit_code(), 143);
    }
}
