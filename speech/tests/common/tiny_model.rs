//! A tiny random Whisper model in ggml format: it understands nothing, but it is a model, and every part of the real path
//! from file to text runs on it.

use std::io::Write;
use std::path::Path;

/// The figures that tests vary.
#[derive(Clone, Copy, Debug)]
pub struct TinyModel {
    pub vocabulary: i32,
    pub width: i32,
    pub file_type: i32,
    pub seed: u32,
}

impl Default for TinyModel {
    fn default() -> Self {
        Self { vocabulary: 51_865, width: 16, file_type: 1, seed: 1 }
    }
}

const AUDIO_CTX: i32 = 1_500;
const TEXT_CTX: i32 = 448;
const MELS: i32 = 80;
const HEADS: i32 = 2;

impl TinyModel {
    /// The file's bytes: header, filters, words, tensors.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { vocabulary, width, file_type, seed } = *self;
        let mut file = Vec::new();
        let mut int = |value: i32| file.extend(value.to_le_bytes());
        int(0x6767_6d6c);
        for figure in [vocabulary, AUDIO_CTX, width, HEADS, 1, TEXT_CTX, width, HEADS, 1, MELS, file_type] {
            int(figure);
        }
        let mut random = Random(seed);
        file.extend(MELS.to_le_bytes());
        file.extend(201_i32.to_le_bytes());
        for band in 0..MELS {
            for bin in 0..201 {
                let weight = (1.0 - ((bin as f32 - band as f32 * 2.4) / 3.0).abs()).max(0.0);
                file.extend(weight.to_le_bytes());
            }
        }
        // As many as the real vocabulary has; all but those that whisper.cpp looks up are numbers.
        let numbers = (3..50_257).map(|number| format!(" w{number}"));
        let words: Vec<String> = [" ", " -", " '"].map(String::from).into_iter().chain(numbers).collect();
        file.extend((words.len() as i32).to_le_bytes());
        for word in &words {
            file.extend((word.len() as u32).to_le_bytes());
            file.extend(word.as_bytes());
        }
        for (name, is_matrix, sizes) in self.tensors() {
            let f16 = is_matrix && file_type == 1;
            for value in [sizes.len() as i32, name.len() as i32, i32::from(f16)].iter().chain(&sizes) {
                file.extend(value.to_le_bytes());
            }
            file.extend(name.as_bytes());
            let count: i32 = sizes.iter().product();
            let base = if name.ends_with("ln.weight") || name.ends_with("ln_post.weight") { 1.0 } else { 0.0 };
            for _ in 0..count {
                let value = base + 0.3 * random.next();
                if f16 { file.extend(f16_bits(value).to_le_bytes()) } else { file.extend(value.to_le_bytes()) }
            }
        }
        file
    }

    pub fn write(&self, path: &Path) {
        let mut file = std::fs::File::create(path).expect("the model file is created");
        file.write_all(&self.bytes()).expect("the model file is written");
    }

    /// Name, whether it is a matrix or kernel, sizes innermost first.
    fn tensors(&self) -> Vec<(String, bool, Vec<i32>)> {
        let width = self.width;
        let mut tensors: Vec<(String, bool, Vec<i32>)> = vec![
            ("encoder.positional_embedding".into(), false, vec![width, AUDIO_CTX]),
            ("encoder.conv1.weight".into(), true, vec![3, MELS, width]),
            ("encoder.conv1.bias".into(), false, vec![1, width]),
            ("encoder.conv2.weight".into(), true, vec![3, width, width]),
            ("encoder.conv2.bias".into(), false, vec![1, width]),
            ("encoder.ln_post.weight".into(), false, vec![width]),
            ("encoder.ln_post.bias".into(), false, vec![width]),
            ("decoder.positional_embedding".into(), false, vec![width, TEXT_CTX]),
            ("decoder.token_embedding.weight".into(), true, vec![width, self.vocabulary]),
            ("decoder.ln.weight".into(), false, vec![width]),
            ("decoder.ln.bias".into(), false, vec![width]),
        ];
        let blocks = [("encoder.blocks.0", vec!["attn"]), ("decoder.blocks.0", vec!["attn", "cross_attn"])];
        for (block, attentions) in blocks {
            for attention in attentions {
                tensors.push((format!("{block}.{attention}_ln.weight"), false, vec![width]));
                tensors.push((format!("{block}.{attention}_ln.bias"), false, vec![width]));
                for part in ["query", "key", "value", "out"] {
                    tensors.push((format!("{block}.{attention}.{part}.weight"), true, vec![width, width]));
                    if part != "key" {
                        tensors.push((format!("{block}.{attention}.{part}.bias"), false, vec![width]));
                    }
                }
            }
            tensors.push((format!("{block}.mlp_ln.weight"), false, vec![width]));
            tensors.push((format!("{block}.mlp_ln.bias"), false, vec![width]));
            tensors.push((format!("{block}.mlp.0.weight"), true, vec![width, 4 * width]));
            tensors.push((format!("{block}.mlp.0.bias"), false, vec![4 * width]));
            tensors.push((format!("{block}.mlp.2.weight"), true, vec![4 * width, width]));
            tensors.push((format!("{block}.mlp.2.bias"), false, vec![width]));
        }
        tensors
    }
}

/// Numbers from -1 to 1, the same every time.
struct Random(u32);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// IEEE half precision, cut off; enough for random weights between 2^-14 and 2.
fn f16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    match exponent {
        ..=0 => sign,
        1..=30 => sign | (exponent as u16) << 10 | (bits >> 13) as u16 & 0x3ff,
        _ => sign | 0x7bff,
    }
}
