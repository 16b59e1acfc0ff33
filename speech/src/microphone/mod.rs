//! Microphones: which there are, and the sound of one as mono 16 kHz.
//!
//! ```text
//! system's sound thread ──callback: copies, counts, nothing else──> ring (30 s) ──> read(): convert, level, watchdog
//! ```
//!
//! [`Microphone`] owns no thread of ours and waits at most a moment in [`Microphone::read`]; who reads it decides what
//! happens when it is lost. On Linux the PulseAudio host is taken where it answers (PipeWire answers it too), because it
//! says when a device is gone; ALSA says nothing, so silence of the callback counts as loss as well.

mod capture;
mod level;
mod quiet;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, FromSample, SampleFormat, SizedSample, StreamConfig};

pub use capture::{Drain, Fault, Feeder, line};
pub use level::{Level, Loudness};
use quiet::quiet_alsa;

use crate::SpeechError;
use crate::source::Source;

/// How much sound the ring holds, seconds: more than the longest recognition.
const RING_S: f64 = 30.0;
/// How long [`Microphone::read`] waits for sound.
const WAIT: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_millis(5);

/// A microphone that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrophoneDescription {
    pub index: usize,
    pub name: String,
    /// The system's choice.
    pub is_default: bool,
}

/// Which microphone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneSelector {
    /// The system's choice.
    #[default]
    Default,
    /// By the number that the list shows.
    Index(usize),
    /// By a part of its name, whatever the case.
    Name(String),
}

impl FromStr for MicrophoneSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Ok(match text.parse() {
            Ok(index) => Self::Index(index),
            Err(_) if text.is_empty() => Self::Default,
            Err(_) => Self::Name(text.to_owned()),
        })
    }
}

/// The microphones there are, in the system's order.
pub fn list_microphones() -> Result<Vec<MicrophoneDescription>, SpeechError> {
    quiet_alsa();
    let host = cpal::default_host();
    let default = host.default_input_device().and_then(|device| device.id().ok());
    let devices = inputs(&host)?;
    let describe = |(index, device): (usize, &Device)| MicrophoneDescription {
        index,
        name: device.to_string(),
        is_default: default.is_some() && device.id().ok() == default,
    };
    Ok(devices.iter().enumerate().map(describe).collect())
}

/// Every input that can be recorded from.
fn inputs(host: &cpal::Host) -> Result<Vec<Device>, SpeechError> {
    let refused = |error: cpal::Error| SpeechError::MicrophoneRefused {
        name: "of this system".into(),
        reason: format!("the sound system does not list its devices: {error}"),
    };
    let devices = host.input_devices().map_err(refused)?;
    Ok(devices.filter(|device| !is_no_microphone(device) && device.default_input_config().is_ok()).collect())
}

/// PulseAudio offers what its outputs play as an input, and ALSA a device that gives nothing, and bridges to JACK and OSS
/// whose libraries write to standard error when they are opened; none is a microphone.
fn is_no_microphone(device: &Device) -> bool {
    const ENDINGS: &[&str] = &[".monitor", ":null", ":jack", ":oss"];
    device.id().is_ok_and(|id| {
        let id = id.to_string();
        ENDINGS.iter().any(|ending| id.ends_with(ending))
    })
}

fn choose(selector: &MicrophoneSelector) -> Result<Device, SpeechError> {
    quiet_alsa();
    let host = cpal::default_host();
    if *selector == MicrophoneSelector::Default {
        let default = host.default_input_device();
        let usable = default.filter(|device| !is_no_microphone(device) && device.default_input_config().is_ok());
        if let Some(device) = usable {
            return Ok(device);
        }
    }
    let mut devices = inputs(&host)?;
    if devices.is_empty() {
        return Err(SpeechError::NoMicrophone);
    }
    let names: Vec<String> = devices.iter().map(ToString::to_string).collect();
    let place = match selector {
        MicrophoneSelector::Default => Some(0),
        MicrophoneSelector::Index(index) => Some(*index).filter(|index| *index < devices.len()),
        MicrophoneSelector::Name(part) => place_by_name(&names, part),
    };
    let unknown = || SpeechError::UnknownMicrophone {
        wanted: match selector {
            MicrophoneSelector::Index(index) => index.to_string(),
            MicrophoneSelector::Name(name) => name.clone(),
            MicrophoneSelector::Default => "the default".into(),
        },
        present: names.iter().enumerate().map(|(index, name)| format!("{index} {name}")).collect::<Vec<_>>().join(", "),
    };
    place.map(|place| devices.swap_remove(place)).ok_or_else(unknown)
}

/// The name itself, else the first that holds the part.
fn place_by_name(names: &[String], part: &str) -> Option<usize> {
    let part = part.to_lowercase();
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    lower.iter().position(|name| *name == part).or_else(|| lower.iter().position(|name| name.contains(&part)))
}

/// An open microphone. Closed when dropped.
pub struct Microphone {
    name: String,
    drain: Drain,
    /// Keeps the callback coming.
    _stream: cpal::Stream,
}

impl std::fmt::Debug for Microphone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Microphone({})", self.name)
    }
}

impl Microphone {
    /// Opens a microphone as the system has it set; whatever that is, it is converted here.
    pub fn open(selector: &MicrophoneSelector) -> Result<Self, SpeechError> {
        let device = choose(selector)?;
        let name = device.to_string();
        let refused =
            |error: cpal::Error| SpeechError::MicrophoneRefused { name: name.clone(), reason: error.to_string() };
        let supported = device.default_input_config().map_err(refused)?;
        let config = StreamConfig { buffer_size: cpal::BufferSize::Default, ..supported.config() };
        let (feeder, drain) = line(config.sample_rate, config.channels, RING_S, Instant::now())?;
        let build = match supported.sample_format() {
            SampleFormat::F32 => build::<f32>,
            SampleFormat::F64 => build::<f64>,
            SampleFormat::I8 => build::<i8>,
            SampleFormat::I16 => build::<i16>,
            SampleFormat::I24 => build::<cpal::I24>,
            SampleFormat::I32 => build::<i32>,
            SampleFormat::I64 => build::<i64>,
            SampleFormat::U8 => build::<u8>,
            SampleFormat::U16 => build::<u16>,
            SampleFormat::U24 => build::<cpal::U24>,
            SampleFormat::U32 => build::<u32>,
            SampleFormat::U64 => build::<u64>,
            other => {
                let reason = format!("it records as {other}, expected whole numbers or floating point");
                return Err(SpeechError::MicrophoneRefused { name, reason });
            }
        };
        let stream = build(&device, config, feeder).map_err(refused)?;
        stream.play().map_err(refused)?;
        Ok(Self { name, drain, _stream: stream })
    }

    /// How loud it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.drain.level()
    }
}

impl Source for Microphone {
    /// Appends what was heard since the last call, after waiting a moment for some.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        let until = Instant::now() + WAIT;
        loop {
            let now = Instant::now();
            let heard = self.drain.read(now, out).map_err(|fault| fault.in_words(&self.name))?;
            if heard > 0 || now >= until {
                return Ok(true);
            }
            std::thread::sleep(POLL);
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn is_muted(&self) -> bool {
        self.drain.is_muted()
    }

    fn lost_samples(&self) -> u64 {
        self.drain.lost_samples()
    }
}

fn build<T>(device: &Device, config: StreamConfig, mut feeder: Feeder) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + Send + 'static,
    f32: FromSample<T>,
{
    let fault = feeder.fault_flag();
    let tell = move |error: cpal::Error| fault.tell(&error);
    device.build_input_stream(config, move |samples: &[T], _| feeder.feed(samples), tell, Some(Duration::from_secs(3)))
}

/// Opens the microphone again and again: what the listening thread asks for when it has none.
pub fn opens(selector: MicrophoneSelector) -> Arc<dyn Fn() -> Result<Box<dyn Source>, SpeechError> + Send + Sync> {
    Arc::new(move || Ok(Box::new(Microphone::open(&selector)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_people_write_them() {
        assert_eq!("2".parse(), Ok(MicrophoneSelector::Index(2)));
        assert_eq!(" usb ".parse(), Ok(MicrophoneSelector::Name("usb".into())));
        assert_eq!("".parse(), Ok(MicrophoneSelector::Default));
    }

    #[test]
    fn a_whole_name_wins_over_a_part() {
        let names = ["USB Mic Pro".to_owned(), "USB Mic".to_owned()];
        assert_eq!(place_by_name(&names, "usb mic"), Some(1));
        assert_eq!(place_by_name(&names, "usb"), Some(0));
        assert_eq!(place_by_name(&names, "webcam"), None);
    }
}
