//! The line between the system's sound thread and ours.
//!
//! The callback runs where a late answer is heard as a click: [`Feeder::feed`] takes no lock, allocates and frees
//! nothing, prints nothing, can't panic. It turns samples into f32, copies them into the ring, and counts. In debug builds an
//! allocation inside ends the program at once, where the `assert_no_alloc` allocator is installed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpal::{FromSample, Sample};
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::level::{Level, Loudness};
use crate::SpeechError;
use crate::resample::Converter;

/// Without a sample for this long a microphone counts as lost.
const STALLED_AFTER: Duration = Duration::from_secs(2);
/// The first sample may take longer: Bluetooth headsets change their profile first.
const FIRST_WITHIN: Duration = Duration::from_secs(6);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    overflowed: AtomicU64,
}

/// What the sound system reported, from whichever thread it did.
#[derive(Clone, Debug, Default)]
pub struct FaultFlag(Arc<AtomicU8>);

const GONE: u8 = 1;
const CHANGED: u8 = 2;
const REFUSED: u8 = 3;

impl FaultFlag {
    /// Takes an error of the stream; what the stream survives is no fault.
    pub(super) fn tell(&self, error: &cpal::Error) {
        let code = match error.kind() {
            cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged => return,
            cpal::ErrorKind::StreamInvalidated => CHANGED,
            cpal::ErrorKind::PermissionDenied => REFUSED,
            _ => GONE,
        };
        self.0.store(code, Ordering::SeqCst);
    }
}

/// Why nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The sound system said so.
    Reported(&'static str),
    /// Nothing came for that long.
    Stalled(Duration),
}

impl Fault {
    #[must_use]
    pub fn in_words(self, name: &str) -> SpeechError {
        let name = name.to_owned();
        match self {
            Self::Reported(reason) => SpeechError::MicrophoneLost { name, reason: reason.into() },
            Self::Stalled(silent) => SpeechError::MicrophoneStalled { name, silent_s: silent.as_secs_f64() },
        }
    }
}

/// The callback's end.
pub struct Feeder {
    ring: HeapProd<f32>,
    channels: usize,
    counts: Arc<Counts>,
    fault: FaultFlag,
}

impl Feeder {
    /// Takes interleaved samples of any format. What the ring has no room for is dropped in whole frames and counted.
    pub fn feed<T>(&mut self, samples: &[T])
    where
        T: Sample,
        f32: FromSample<T>,
    {
        assert_no_alloc::assert_no_alloc(|| {
            let room = self.ring.vacant_len();
            let room = room - room % self.channels;
            let taken = samples.len().min(room);
            let pushed = self.ring.push_iter(samples.iter().take(taken).map(|sample| f32::from_sample(*sample)));
            self.counts.received.fetch_add(samples.len() as u64, Ordering::Relaxed);
            self.counts.overflowed.fetch_add((samples.len() - pushed) as u64, Ordering::Relaxed);
        });
    }

    pub(super) fn fault_flag(&self) -> FaultFlag {
        self.fault.clone()
    }
}

/// Our end: drains, converts, measures, and notices when nothing comes.
pub struct Drain {
    ring: HeapCons<f32>,
    channels: u64,
    counts: Arc<Counts>,
    fault: FaultFlag,
    converter: Converter,
    loudness: Loudness,
    scratch: Vec<f32>,
    /// When samples last came, or the stream was opened.
    last_heard: Instant,
    ever_heard: bool,
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drain({} waiting, {:?})", self.ring.occupied_len(), self.counts)
    }
}

/// Both ends of a line for a stream of that kind, whose ring holds `ring_s` seconds.
pub fn line(rate_hz: u32, channels: u16, ring_s: f64, now: Instant) -> Result<(Feeder, Drain), SpeechError> {
    let converter = Converter::new(rate_hz, channels)?;
    let length = (f64::from(rate_hz) * ring_s).ceil() as usize * usize::from(channels);
    let (producer, consumer) = HeapRb::new(length.max(1)).split();
    let (counts, fault) = (Arc::new(Counts::default()), FaultFlag::default());
    let feeder =
        Feeder { ring: producer, channels: usize::from(channels), counts: Arc::clone(&counts), fault: fault.clone() };
    let drain = Drain {
        ring: consumer,
        channels: u64::from(channels),
        counts,
        fault,
        converter,
        loudness: Loudness::default(),
        scratch: vec![0.0; 4_096 * usize::from(channels)],
        last_heard: now,
        ever_heard: false,
    };
    Ok((feeder, drain))
}

impl Drain {
    /// Appends all that waits as mono 16 kHz; how many samples that were.
    pub fn read(&mut self, now: Instant, out: &mut Vec<f32>) -> Result<usize, Fault> {
        let before = out.len();
        loop {
            let count = self.ring.pop_slice(&mut self.scratch);
            if count == 0 {
                break;
            }
            self.last_heard = now;
            self.ever_heard = true;
            self.converter.push(&self.scratch[..count], out);
        }
        self.loudness.hear(&out[before..]);
        if out.len() > before {
            return Ok(out.len() - before); // what came before a fault is still heard
        }
        match self.fault.0.load(Ordering::SeqCst) {
            GONE => return Err(Fault::Reported("it was unplugged, or the sound system ended")),
            CHANGED => return Err(Fault::Reported("the sound system changed it or ended")),
            REFUSED => return Err(Fault::Reported("the system took back the permission to record")),
            _ => {}
        }
        let silent = now.saturating_duration_since(self.last_heard);
        let patience = if self.ever_heard { STALLED_AFTER } else { FIRST_WITHIN };
        if silent > patience { Err(Fault::Stalled(silent)) } else { Ok(0) }
    }

    #[must_use]
    pub fn level(&self) -> Level {
        self.loudness.level()
    }

    /// Whether it has sent nothing but zeros for a while: a switch on the device, or muted in the system.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.loudness.is_muted()
    }

    /// Frames that were dropped because nobody read for too long.
    #[must_use]
    pub fn lost_samples(&self) -> u64 {
        self.counts.overflowed.load(Ordering::Relaxed) / self.channels
    }

    /// Frames that the callback was given.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.counts.received.load(Ordering::Relaxed) / self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fed_comes_out_in_order() {
        let now = Instant::now();
        let (mut feeder, mut drain) = line(16_000, 2, 1.0, now).unwrap();
        feeder.feed(&[1_000_i16, 3_000, -2_000, -2_000]);
        feeder.feed(&[i16::MIN, i16::MIN]);
        let mut out = Vec::new();
        assert_eq!(drain.read(now, &mut out), Ok(3));
        let expected = [2_000.0 / 32_768.0, -2_000.0 / 32_768.0, -1.0];
        assert!(out.iter().zip(expected).all(|(got, wanted)| (got - wanted).abs() < 1e-6), "{out:?}");
        assert_eq!((drain.received(), drain.lost_samples()), (3, 0));
    }

    #[test]
    fn overflow_drops_whole_frames_and_is_counted() {
        let now = Instant::now();
        let (mut feeder, mut drain) = line(16_000, 2, 0.001, now).unwrap(); // 16 frames
        let frames: Vec<f32> = (0..20).flat_map(|n| [n as f32 / 100.0, n as f32 / 100.0]).collect();
        feeder.feed(&frames);
        feeder.feed(&frames[..2]);
        let mut out = Vec::new();
        assert_eq!(drain.read(now, &mut out), Ok(16));
        assert_eq!((drain.received(), drain.lost_samples()), (21, 5));
        assert!((out[15] - 0.15).abs() < 1e-6);
        feeder.feed(&frames[6..8]);
        assert_eq!(drain.read(now, &mut out), Ok(1));
        assert!((out[16] - 0.03).abs() < 1e-6, "the channels slipped");
    }

    #[test]
    fn silence_of_the_callback_is_loss_and_zeros_are_mute() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let (mut feeder, mut drain) = line(16_000, 1, 10.0, start).unwrap();
        let mut out = Vec::new();
        assert_eq!(drain.read(at(5.0), &mut out), Ok(0));
        assert!(matches!(drain.read(at(7.0), &mut out), Err(Fault::Stalled(_))));
        feeder.feed(&[0.1_f32; 1_600]);
        assert_eq!(drain.read(at(8.0), &mut out), Ok(1_600));
        assert!(!drain.is_muted());
        for _ in 0..5 {
            feeder.feed(&[0.0_f32; 16_000]);
            drain.read(at(9.0), &mut out).unwrap();
        }
        assert!(drain.is_muted());
        feeder.feed(&[0.001_f32; 160]);
        drain.read(at(9.5), &mut out).unwrap();
        assert!(!drain.is_muted());
        assert!(matches!(drain.read(at(12.0), &mut out), Err(Fault::Stalled(_))));
    }

    #[test]
    fn a_reported_loss_is_told_after_the_last_samples() {
        let now = Instant::now();
        let (mut feeder, mut drain) = line(16_000, 1, 1.0, now).unwrap();
        feeder.feed(&[0.1_f32; 160]);
        feeder.fault_flag().tell(&cpal::ErrorKind::Xrun.into());
        feeder.fault_flag().tell(&cpal::ErrorKind::StreamInvalidated.into());
        let mut out = Vec::new();
        assert_eq!(drain.read(now, &mut out), Ok(160));
        let error = drain.read(now, &mut out).unwrap_err().in_words("USB Mic").to_string();
        assert!(error.contains("USB Mic") && error.contains("comes back"), "{error}");
    }
}
