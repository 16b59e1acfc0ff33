//! MP3, AAC, Vorbis, FLAC and the like, alone or as the sound of a clip, through symphonia.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::{Samples, Spec};

/// Damaged packets in a row after which a file is given up.
const MOST_DAMAGED: usize = 200;

/// A file that symphonia reads.
pub(super) struct Decoded {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    spec: Spec,
    /// Decoded and not given yet.
    waiting: Vec<f32>,
    ended: bool,
}

impl Decoded {
    /// Opens the first sound track that can be decoded; says in words why there is none.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        guarded(|| Self::open_unguarded(path))
    }

    fn open_unguarded(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let format = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|_| "this is no kind of sound file that is known here".to_owned())?;
        let codecs = symphonia::default::get_codecs();
        let mut made = format.tracks().iter().filter_map(|track| {
            let parameters = track.codec_params.as_ref()?.audio()?;
            Some((track.id, codecs.make_audio_decoder(parameters, &AudioDecoderOptions::default()).ok()?))
        });
        let Some((track, decoder)) = made.next() else {
            return Err("there is no sound in it, or sound of a kind that is not known here".into());
        };
        drop(made);
        let mut decoded = Self {
            format,
            decoder,
            track,
            spec: Spec { rate_hz: 0, channels: 0, frames: None },
            waiting: Vec::new(),
            ended: false,
        };
        // Rate and channels are certain only once something is decoded.
        while decoded.waiting.is_empty() && decoded.decode()? {}
        match decoded.spec.channels {
            0 => Err("there is no sound in it that can be decoded".into()),
            _ => Ok(decoded),
        }
    }

    /// Decodes the next packet; false at the end.
    fn decode(&mut self) -> Result<bool, String> {
        let mut damaged = 0;
        while !self.ended {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => {
                    tracing::warn!(%error, "the sound is damaged and ends early; what is there was heard");
                    break;
                }
            };
            if packet.track_id != self.track {
                continue;
            }
            match self.decoder.decode(&packet) {
                Ok(buffer) => {
                    let (rate_hz, channels) = (buffer.spec().rate(), buffer.spec().channels().count() as u16);
                    if self.spec.channels == 0 {
                        (self.spec.rate_hz, self.spec.channels) = (rate_hz, channels);
                    } else if (rate_hz, channels) != (self.spec.rate_hz, self.spec.channels) {
                        return Err("its rate or number of channels changes in the middle".into());
                    }
                    let before = self.waiting.len();
                    self.waiting.resize(before + buffer.samples_interleaved(), 0.0);
                    buffer.copy_to_slice_interleaved(&mut self.waiting[before..]);
                    return Ok(true);
                }
                Err(Error::DecodeError(_)) if damaged < MOST_DAMAGED => damaged += 1,
                Err(error) => return Err(error.to_string()),
            }
        }
        self.ended = true;
        Ok(false)
    }
}

/// Runs a decoder; its panic over a damaged file becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("it is damaged in a way that no decoder bears".into()))
}

impl Samples for Decoded {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn read(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<bool, String> {
        guarded(|| {
            while self.waiting.len() < samples && self.decode()? {}
            let count = samples.min(self.waiting.len());
            out.extend(self.waiting.drain(..count));
            Ok(!(self.ended && self.waiting.is_empty()))
        })
    }
}
