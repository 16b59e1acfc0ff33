//! Keeps ALSA from writing to standard error.
//!
//! Where there is no card or no sound server, its library reports every device it tries, a dozen lines each time that
//! somebody looks for a microphone. They belong into the log. The handler is per thread, so this is called by whoever is
//! about to look; the plugin for JACK prints from a library of its own, so that device is not tried at all.

/// From now on what ALSA has to say on this thread goes to a buffer; what the last buffer held goes to the log.
#[cfg(target_os = "linux")]
pub fn quiet_alsa() {
    use std::cell::RefCell;
    use std::rc::Rc;

    thread_local! {
        static SAID: RefCell<Option<Rc<RefCell<alsa::Output>>>> = const { RefCell::new(None) };
    }
    SAID.with_borrow_mut(|said| {
        if let Some(last) = said.take() {
            last.borrow().buffer_string(|bytes| {
                if !bytes.is_empty() {
                    tracing::trace!("ALSA: {}", String::from_utf8_lossy(bytes));
                }
            });
        }
        match alsa::Output::local_error_handler() {
            Ok(output) => *said = Some(output),
            Err(error) => tracing::debug!("ALSA's messages can't be kept off standard error: {error}"),
        }
    });
}

/// There is no ALSA here.
#[cfg(not(target_os = "linux"))]
pub fn quiet_alsa() {}
