//! A Whisper model file in ggml format, checked to its last byte before whisper.cpp sees it.
//!
//! whisper.cpp ends the whole program on some damaged files and reads past others, so nothing is left to it: the header's
//! figures, the filters, the words, and every tensor's name, type, shape and place are compared with what they must be.
//!
//! Little endian: magic; 11 figures; filters `i32 n_mel, i32 n_fft, f32 ..`; words `i32 count, (u32 length, bytes) ..`;
//! tensors to the end: `i32 dimensions, i32 name length, i32 type, i32 sizes (innermost first), name, data`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use crate::SpeechError;

const MAGIC: u32 = 0x6767_6d6c;
/// The FFT's bins that the filters weigh.
const FFT_BINS: i32 = 201;
/// English only, multilingual, and multilingual with Cantonese; whisper.cpp knows no other special tokens.
const VOCABULARIES: std::ops::RangeInclusive<i32> = 51_864..=51_866;

/// whisper.cpp looks these up without asking whether they are there.
const NEEDED_WORDS: [&str; 3] = [" ", " -", " '"];

/// The figures of a model's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelShape {
    pub vocabulary: i32,
    /// Encoder positions for 30 s, 1500 in all published models.
    pub audio_ctx: i32,
    pub audio_state: i32,
    pub audio_heads: i32,
    pub audio_layers: i32,
    pub text_ctx: i32,
    pub text_state: i32,
    pub text_heads: i32,
    pub text_layers: i32,
    pub mels: i32,
    /// How the matrices are stored: 1 is f16, others are quantised.
    pub file_type: i32,
}

impl ModelShape {
    /// Whether it knows languages other than English.
    #[must_use]
    pub fn is_multilingual(&self) -> bool {
        self.vocabulary > *VOCABULARIES.start()
    }

    fn check(&self) -> Result<(), String> {
        let Self { vocabulary, audio_ctx, audio_state, audio_heads, audio_layers, .. } = *self;
        let Self { text_ctx, text_state, text_heads, text_layers, mels, .. } = *self;
        if !VOCABULARIES.contains(&vocabulary) {
            let (least, most) = (VOCABULARIES.start(), VOCABULARIES.end());
            return Err(format!("its vocabulary has {vocabulary} tokens, expected {least} to {most}"));
        }
        let figures = [
            ("encoder positions", audio_ctx, 8..=6_000),
            ("encoder width", audio_state, 8..=4_096),
            ("encoder heads", audio_heads, 1..=64),
            ("encoder layers", audio_layers, 1..=128),
            ("decoder positions", text_ctx, 16..=4_096),
            ("decoder width", text_state, 8..=4_096),
            ("decoder heads", text_heads, 1..=64),
            ("decoder layers", text_layers, 1..=128),
            ("mel bands", mels, 1..=512),
        ];
        for (what, got, expected) in figures {
            if !expected.contains(&got) {
                return Err(format!("{what}: {got}, expected {} to {}", expected.start(), expected.end()));
            }
        }
        if audio_state != text_state {
            return Err(format!("encoder and decoder differ in width, {audio_state} and {text_state}"));
        }
        if audio_state % audio_heads != 0 || text_state % text_heads != 0 {
            return Err(format!("its width {audio_state} can't be divided among {audio_heads} and {text_heads} heads"));
        }
        self.matrices().map(|_| ())
    }

    /// How matrices are stored.
    fn matrices(&self) -> Result<Stored, String> {
        // Thousands count the version of the quantisation. 0, all f32, is a type of ggml, but whisper.cpp ends the program
        // in its first convolution then.
        match self.file_type % 1_000 {
            1 => Ok(Stored::F16),
            2 => Ok(Stored::Q4_0),
            3 => Ok(Stored::Q4_1),
            7 => Ok(Stored::Q8_0),
            8 => Ok(Stored::Q5_0),
            9 => Ok(Stored::Q5_1),
            other => Err(format!("its file type is {other}; expected 1, 2, 3, 7, 8 or 9 (f16, q4, q8, q5)")),
        }
    }
}

/// The types a tensor may be stored in, by ggml's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
}

impl Stored {
    /// Values and bytes of one block.
    fn block(self) -> (u64, u64) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
        }
    }
}

/// What a tensor must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tensor {
    stored: Stored,
    /// Innermost first; 1 where there is no such dimension.
    sizes: [i32; 3],
}

impl Tensor {
    fn bytes(self) -> Result<u64, String> {
        let (values, bytes) = self.stored.block();
        if !(self.sizes[0] as u64).is_multiple_of(values) {
            return Err(format!("rows of {} values can't be stored in blocks of {values}", self.sizes[0]));
        }
        Ok(self.sizes.iter().map(|size| *size as u64).product::<u64>() / values * bytes)
    }
}

/// Checks a file; its figures when it is whole.
pub fn check(path: &Path) -> Result<ModelShape, SpeechError> {
    let unreadable = |source| SpeechError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut file = ModelReader { file: BufReader::new(file), at: 0, length };
    file.check().map_err(|reason| {
        let reason = format!("{reason}; fetch it again: otherglass models fetch NAME");
        SpeechError::UnfitModel { path: path.to_owned(), reason }
    })
}

struct ModelReader {
    file: BufReader<File>,
    at: u64,
    length: u64,
}

impl ModelReader {
    fn check(&mut self) -> Result<ModelShape, String> {
        let magic = self.int("magic number")? as u32;
        if magic != MAGIC {
            return Err(format!("it is no ggml Whisper model (it begins with {magic:08x}, expected {MAGIC:08x})"));
        }
        let shape = self.shape()?;
        shape.check()?;
        self.filters(shape.mels)?;
        self.words(shape.vocabulary)?;
        self.tensors(&shape)?;
        Ok(shape)
    }

    fn shape(&mut self) -> Result<ModelShape, String> {
        let mut figure = || self.int("header");
        Ok(ModelShape {
            vocabulary: figure()?,
            audio_ctx: figure()?,
            audio_state: figure()?,
            audio_heads: figure()?,
            audio_layers: figure()?,
            text_ctx: figure()?,
            text_state: figure()?,
            text_heads: figure()?,
            text_layers: figure()?,
            mels: figure()?,
            file_type: figure()?,
        })
    }

    fn filters(&mut self, mels: i32) -> Result<(), String> {
        let (bands, bins) = (self.int("filters")?, self.int("filters")?);
        if (bands, bins) != (mels, FFT_BINS) {
            return Err(format!("its filters are {bands} by {bins}, expected {mels} by {FFT_BINS}"));
        }
        self.skip(bands as u64 * bins as u64 * 4, "filters")
    }

    fn words(&mut self, vocabulary: i32) -> Result<(), String> {
        let count = self.int("words")?;
        if !(0..=vocabulary).contains(&count) {
            return Err(format!("it lists {count} words, expected at most {vocabulary}"));
        }
        let mut needed = NEEDED_WORDS.to_vec();
        for word in 0..count {
            let length = self.int("words")? as u32;
            match length {
                0..=2 => {
                    let mut bytes = vec![0; length as usize];
                    self.read(&mut bytes, "words")?;
                    needed.retain(|needed| needed.as_bytes() != bytes);
                }
                3..=4_096 => self.skip(u64::from(length), "words")?,
                _ => return Err(format!("word {word} is {length} bytes long, expected at most 4096")),
            }
        }
        match needed.first() {
            Some(word) => Err(format!("its vocabulary lacks {word:?}")),
            None => Ok(()),
        }
    }

    fn tensors(&mut self, shape: &ModelShape) -> Result<(), String> {
        let mut missing = expected_tensors(shape)?;
        while self.at < self.length {
            let (dimensions, name_length, stored) = (self.int("tensors")?, self.int("tensors")?, self.int("tensors")?);
            if !(1..=3).contains(&dimensions) || !(1..=128).contains(&name_length) {
                return Err(format!("a tensor has {dimensions} dimensions and a name of {name_length} bytes"));
            }
            let mut sizes = [1; 3];
            for size in sizes.iter_mut().take(dimensions as usize) {
                *size = self.int("tensors")?;
            }
            let mut name = vec![0; name_length as usize];
            self.read(&mut name, "tensors")?;
            let name = String::from_utf8_lossy(&name).into_owned();
            let Some(expected) = missing.remove(&name) else {
                return Err(format!("the tensor {name:?} is unknown or comes twice"));
            };
            if stored != expected.stored as i32 || sizes != expected.sizes {
                return Err(format!(
                    "the tensor {name} is {sizes:?} of type {stored}, expected {:?} of type {}",
                    expected.sizes, expected.stored as i32
                ));
            }
            self.skip(expected.bytes()?, &name)?;
        }
        match missing.first_key_value() {
            Some((name, _)) => Err(format!("it is cut off: {} tensors are missing, such as {name}", missing.len())),
            None => Ok(()),
        }
    }

    fn int(&mut self, part: &str) -> Result<i32, String> {
        let mut bytes = [0; 4];
        self.read(&mut bytes, part)?;
        Ok(i32::from_le_bytes(bytes))
    }

    fn read(&mut self, bytes: &mut [u8], part: &str) -> Result<(), String> {
        self.must_hold(bytes.len() as u64, part)?;
        self.file.read_exact(bytes).map_err(|error| format!("reading its {part} failed: {error}"))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn skip(&mut self, bytes: u64, part: &str) -> Result<(), String> {
        self.must_hold(bytes, part)?;
        self.at += bytes;
        let near = i64::try_from(bytes).map_err(|_| format!("its {part} is impossibly large"))?;
        self.file.seek_relative(near).map_err(|error| format!("reading its {part} failed: {error}"))?;
        debug_assert_eq!(self.file.stream_position().ok(), Some(self.at));
        Ok(())
    }

    fn must_hold(&self, bytes: u64, part: &str) -> Result<(), String> {
        if self.length - self.at < bytes {
            return Err(format!(
                "it is cut off in its {part}: expected {bytes} bytes at {}, the file ends at {}",
                self.at, self.length
            ));
        }
        Ok(())
    }
}

/// Every tensor of a model of that shape.
fn expected_tensors(shape: &ModelShape) -> Result<BTreeMap<String, Tensor>, String> {
    let matrices = shape.matrices()?;
    let width = shape.audio_state;
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, stored: Stored, sizes: [i32; 3]| tensors.insert(name, Tensor { stored, sizes });

    add("encoder.positional_embedding".into(), Stored::F32, [width, shape.audio_ctx, 1]);
    add("encoder.conv1.weight".into(), Stored::F16, [3, shape.mels, width]);
    add("encoder.conv2.weight".into(), Stored::F16, [3, width, width]);
    add("decoder.positional_embedding".into(), Stored::F32, [width, shape.text_ctx, 1]);
    add("decoder.token_embedding.weight".into(), matrices, [width, shape.vocabulary, 1]);
    for conv in ["encoder.conv1.bias", "encoder.conv2.bias"] {
        add(conv.into(), Stored::F32, [1, width, 1]);
    }
    for part in ["encoder.ln_post", "decoder.ln"] {
        add(format!("{part}.weight"), Stored::F32, [width, 1, 1]);
        add(format!("{part}.bias"), Stored::F32, [width, 1, 1]);
    }
    let encoder = (0..shape.audio_layers).map(|layer| (format!("encoder.blocks.{layer}"), &["attn"][..]));
    let decoder = (0..shape.text_layers).map(|layer| (format!("decoder.blocks.{layer}"), &["attn", "cross_attn"][..]));
    for (block, attentions) in encoder.chain(decoder) {
        let norms = attentions.iter().map(|attention| format!("{block}.{attention}_ln"));
        for norm in norms.chain([format!("{block}.mlp_ln")]) {
            add(format!("{norm}.weight"), Stored::F32, [width, 1, 1]);
            add(format!("{norm}.bias"), Stored::F32, [width, 1, 1]);
        }
        for attention in attentions {
            for part in ["query", "key", "value", "out"] {
                add(format!("{block}.{attention}.{part}.weight"), matrices, [width, width, 1]);
                if part != "key" {
                    add(format!("{block}.{attention}.{part}.bias"), Stored::F32, [width, 1, 1]);
                }
            }
        }
        for (part, from, to) in [("mlp.0", width, 4 * width), ("mlp.2", 4 * width, width)] {
            add(format!("{block}.{part}.weight"), matrices, [from, to, 1]);
            add(format!("{block}.{part}.bias"), Stored::F32, [to, 1, 1]);
        }
    }
    Ok(tensors)
}
