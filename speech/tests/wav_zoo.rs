//! WAV files as they come: every depth, rate and number of channels, and every way to be broken.

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};
use otherglass_speech::SpeechError;
use otherglass_speech::wav::{Wav, read_all};

const SECONDS: f64 = 0.5;
const TONE_HZ: f64 = 440.0;

fn value(n: usize, rate_hz: u32) -> f64 {
    0.5 * (std::f64::consts::TAU * TONE_HZ * n as f64 / f64::from(rate_hz)).sin()
}

/// A tone in that form; every channel the same.
fn write_tone(path: &Path, spec: WavSpec) {
    let mut writer = WavWriter::create(path, spec).unwrap();
    let frames = (f64::from(spec.sample_rate) * SECONDS) as usize;
    let scale = (f64::from(spec.bits_per_sample) - 1.0).exp2() - 1.0;
    for n in 0..frames {
        for _ in 0..spec.channels {
            let value = value(n, spec.sample_rate);
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(value as f32).unwrap(),
                SampleFormat::Int => writer.write_sample((value * scale).round() as i32).unwrap(),
            }
        }
    }
    writer.finalize().unwrap();
}

fn spec(sample_rate: u32, channels: u16, bits_per_sample: u16) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
}

fn in_folder(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

#[test]
fn every_depth_rate_and_number_of_channels_is_the_same_tone() {
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(48_000, 2, 32) };
    let zoo = [
        (spec(8_000, 1, 8), 0.012),
        (spec(16_000, 1, 16), 1e-4),
        (spec(22_050, 2, 16), 5e-4),
        (spec(44_100, 1, 24), 5e-4),
        (spec(48_000, 1, 32), 5e-4),
        (spec(96_000, 6, 24), 5e-4),
        (float, 5e-4),
    ];
    for (spec, tolerance) in zoo {
        let (_folder, path) = in_folder("tone.wav");
        write_tone(&path, spec);
        let samples = read_all(&path).unwrap();
        assert_eq!(samples.len(), 8_000, "{spec:?}");
        let inside = samples.iter().enumerate().skip(400).take(7_000);
        let off = inside.map(|(n, sample)| (f64::from(*sample) - value(n, 16_000)).abs()).fold(0.0, f64::max);
        assert!(off < tolerance, "{spec:?} is off by {off}");
    }
}

#[test]
fn an_empty_file_is_an_error() {
    let (_folder, path) = in_folder("empty.wav");
    WavWriter::create(&path, spec(16_000, 1, 16)).unwrap().finalize().unwrap();
    let error = read_all(&path).unwrap_err();
    assert!(matches!(error, SpeechError::EmptyWav { .. }), "{error}");
}

#[test]
fn a_file_that_is_cut_off_tells_what_is_missing() {
    let (_folder, path) = in_folder("cut.wav");
    write_tone(&path, spec(16_000, 1, 16));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 8_001]).unwrap();
    let error = read_all(&path).unwrap_err().to_string();
    assert!(error.contains("0.50 s") && error.contains("0.25 s") && error.contains("cut.wav"), "{error}");
    // And within the header.
    std::fs::write(&path, &bytes[..20]).unwrap();
    let error = read_all(&path).unwrap_err();
    assert!(matches!(error, SpeechError::NotWav { .. }), "{error}");
}

#[test]
fn a_file_written_into_a_pipe_is_read_to_its_end() {
    let (_folder, path) = in_folder("piped.wav");
    write_tone(&path, spec(16_000, 1, 16));
    let mut bytes = std::fs::read(&path).unwrap();
    let data = bytes.windows(4).position(|window| window == b"data").unwrap();
    bytes[4..8].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    bytes[data + 4..data + 8].copy_from_slice(&0x7fff_f000_u32.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(Wav::open(&path).unwrap().length_s(), None);
    assert_eq!(read_all(&path).unwrap().len(), 8_000);
}

#[test]
fn other_files_are_told_apart() {
    let (_folder, path) = in_folder("not.wav");
    for content in [&b""[..], b"RIFF", b"ID3\x04 this is an mp3", &[0; 4_096]] {
        std::fs::write(&path, content).unwrap();
        let error = read_all(&path).unwrap_err();
        assert!(matches!(error, SpeechError::NotWav { .. }), "{error}");
        assert!(error.to_string().contains("16, 24"), "{error}");
    }
    let error = read_all(Path::new("/no/such.wav")).unwrap_err().to_string();
    assert!(error.contains("/no/such.wav"), "{error}");
}

#[test]
fn nan_and_infinity_are_silence_and_counted() {
    let (_folder, path) = in_folder("nan.wav");
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(16_000, 1, 32) };
    let mut writer = WavWriter::create(&path, float).unwrap();
    for sample in [0.5, f32::NAN, f32::INFINITY, -0.5, 3.0] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    let mut wav = Wav::open(&path).unwrap();
    let mut samples = Vec::new();
    while wav.read(1.0, &mut samples).unwrap() {}
    assert_eq!(samples, [0.5, 0.0, 0.0, -0.5, 1.0]);
    assert_eq!(wav.repaired(), 2);
}

#[test]
fn an_hour_is_read_in_pieces() {
    let (_folder, path) = in_folder("hour.wav");
    let mut writer = WavWriter::create(&path, spec(16_000, 1, 8)).unwrap();
    for n in 0..3_600_u32 * 16_000 {
        writer.write_sample((n % 7) as i8).unwrap();
    }
    writer.finalize().unwrap();
    let mut wav = Wav::open(&path).unwrap();
    assert_eq!(wav.length_s(), Some(3_600.0));
    let (mut piece, mut total, mut largest) = (Vec::new(), 0_usize, 0_usize);
    while wav.read(1.0, &mut piece).unwrap() {
        total += piece.len();
        largest = largest.max(piece.len());
        piece.clear();
    }
    assert_eq!((total, largest), (3_600 * 16_000, 16_000));
}
