//! What the tests share.

// Each test file is a program of its own and uses some of this.
#![allow(dead_code)]

pub mod pulse;
pub mod tiny_model;

use std::path::Path;
use std::process::Command;

/// Noise from -1 to 1, the same every time.
pub fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

/// Speech that espeak-ng synthesises, mono 16 kHz, without silence around; says why the test is skipped without it.
pub fn speech(folder: &Path, voice: &str, text: &str) -> Option<Vec<f32>> {
    let file = folder.join("speech.wav");
    let status = Command::new("espeak-ng").args(["-v", voice, "-w"]).arg(&file).arg(text).output();
    if !status.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no espeak-ng to synthesise speech with (apt-get install espeak-ng)");
        return None;
    }
    let samples = otherglass_speech::sound::read_all(&file).expect("espeak-ng writes a WAV file");
    let loud = |sample: &f32| sample.abs() > 0.01;
    let start = samples.iter().position(loud).unwrap_or(0);
    let end = samples.iter().rposition(loud).unwrap_or(0);
    Some(samples[start..=end].to_vec())
}
