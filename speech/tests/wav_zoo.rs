//! WAV files as they come: every depth, rate and number of channels, and every way to be broken.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};
use otherglass_speech::SpeechError;
use otherglass_speech::sound::{Sound, read_all};

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
    assert!(matches!(error, SpeechError::EmptySound { .. }), "{error}");
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
    assert!(matches!(error, SpeechError::UnknownSound { .. }), "{error}");
}

#[test]
fn what_pipes_and_recorders_do_to_sizes_is_borne() {
    let (_folder, path) = in_folder("piped.wav");
    for (channels, bits) in [(1, 16), (2, 16), (1, 24), (1, 8)] {
        write_tone(&path, spec(16_000, channels, bits));
        let good = std::fs::read(&path).unwrap();
        let data = good.windows(4).position(|window| window == b"data").unwrap();
        for size in [0xffff_ffff_u32, 0x7fff_ffff, 0x7fff_f000, 0xffff_fffe, 0x8000_0000, 0] {
            let mut bytes = good.clone();
            bytes[4..8].copy_from_slice(&size.to_le_bytes());
            bytes[data + 4..data + 8].copy_from_slice(&size.to_le_bytes());
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Sound::open(&path).unwrap().length_s(), None);
            assert_eq!(read_all(&path).unwrap().len(), 8_000, "{channels} channels, {bits} bits, size {size:#x}");
        }
    }
}

/// A WAV of a tone, 16 kHz mono, with that format chunk, samples by `bytes_of`, and chunks before and after the sound.
fn wav_of(format: &[u8], bytes_of: impl Fn(f64) -> Vec<u8>, before: &[u8], after: &[u8]) -> Vec<u8> {
    let sound: Vec<u8> = (0..8_000).flat_map(|n| bytes_of(value(n, 16_000))).collect();
    let chunk = |name: &[u8], bytes: &[u8]| [name, &(bytes.len() as u32).to_le_bytes(), bytes].concat();
    let body = [&b"WAVE"[..], before, &chunk(b"fmt ", format), &chunk(b"data", &sound), after].concat();
    chunk(b"RIFF", &body)
}

fn format_chunk(tag: u16, container_bytes: u16, bits: u16, extra: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in [tag, 1] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend((16_000 * u32::from(container_bytes)).to_le_bytes());
    for value in [container_bytes, bits] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(extra);
    bytes
}

#[test]
fn chunks_and_codings_as_programs_write_them() {
    let (_folder, path) = in_folder("shape.wav");
    let s16 = |value: f64| ((value * 32_767.0) as i16).to_le_bytes().to_vec();
    let plain = format_chunk(1, 2, 16, &[]);
    let chunk = |name: &[u8; 4], bytes: &[u8]| [&name[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat();
    let list = chunk(b"LIST", b"INFOISFT\x04\0\0\0tool");
    let odd = [chunk(b"note", b"odd"), vec![0]].concat();
    let unpadded = chunk(b"note", b"odd");
    let broadcast = chunk(b"bext", &[0; 602]);
    let extensible = |container: u16, valid: u16, tag: u16| {
        let mut extra = 22_u16.to_le_bytes().to_vec();
        extra.extend(valid.to_le_bytes());
        extra.extend(4_u32.to_le_bytes());
        extra.extend(tag.to_le_bytes());
        extra.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
        format_chunk(0xfffe, container, container * 8, &extra)
    };
    let left = |bytes: usize, keep: u32| {
        move |value: f64| {
            let wide = (value * f64::from(i32::MAX)) as i32 & !((1_i64 << (32 - keep)) - 1) as i32;
            wide.to_le_bytes()[4 - bytes..].to_vec()
        }
    };
    let shapes: Vec<(&str, Vec<u8>)> = vec![
        ("a LIST before", wav_of(&plain, s16, &list, &[])),
        ("an odd chunk before", wav_of(&plain, s16, &odd, &[])),
        ("an odd chunk without its padding", wav_of(&plain, s16, &unpadded, &[])),
        (
            "a broadcast chunk before, a LIST after",
            wav_of(&plain, s16, &[broadcast, chunk(b"JUNK", &[7; 28])].concat(), &list),
        ),
        ("24 of 32 bits", wav_of(&extensible(4, 24, 1), left(4, 24), &[], &[])),
        ("20 of 24 bits", wav_of(&extensible(3, 20, 1), left(3, 20), &[], &[])),
        ("extensible floats", wav_of(&extensible(4, 32, 3), |value| (value as f32).to_le_bytes().to_vec(), &[], &[])),
        ("floats of 64 bits", wav_of(&format_chunk(3, 8, 64, &[0, 0]), |value| value.to_le_bytes().to_vec(), &[], &[])),
    ];
    for (shape, bytes) in shapes {
        std::fs::write(&path, bytes).unwrap();
        let samples = read_all(&path).unwrap_or_else(|error| panic!("{shape}: {error}"));
        assert_eq!(samples.len(), 8_000, "{shape}");
        let off = samples.iter().enumerate().map(|(n, sample)| (f64::from(*sample) - value(n, 16_000)).abs());
        assert!(off.fold(0.0, f64::max) < 1e-4, "{shape}");
    }
    // RF64 with its sizes in ds64.
    let mut sizes = [0; 28];
    sizes[8..16].copy_from_slice(&16_000_u64.to_le_bytes());
    let mut bytes = wav_of(&plain, s16, &chunk(b"ds64", &sizes), &[]);
    bytes[..8].copy_from_slice(b"RF64\xff\xff\xff\xff");
    let data = bytes.windows(4).position(|window| window == b"data").unwrap();
    bytes[data + 4..data + 8].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let sound = Sound::open(&path).unwrap();
    assert_eq!(sound.length_s(), Some(0.5));
    assert_eq!(read_all(&path).unwrap().len(), 8_000);
}

/// The tone as ffmpeg converts it; says why the test is skipped where it can't.
fn converted(folder: &Path, name: &str) -> Option<PathBuf> {
    let (source, target) = (folder.join("source.wav"), folder.join(name));
    write_tone(&source, spec(44_100, 2, 16));
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(source).arg(&target);
    match ffmpeg.output() {
        Ok(output) if output.status.success() => Some(target),
        Ok(output) => {
            println!("skipped: {name}: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(_) => {
            println!("skipped: sounds of many kinds: ffmpeg is missing");
            None
        }
    }
}

#[test]
fn sounds_of_other_kinds_are_the_same_tone() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp3", "a.m4a", "a.flac", "a.aiff", "a.caf", "a.mka", "vorbis.ogg"] {
        let Some(path) = converted(folder.path(), name) else { continue };
        let samples = read_all(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(samples.len().abs_diff(8_000) < 2_000, "{name}: {} samples", samples.len());
        // As much of the tone as of everything: other frequencies would show, and so would silence.
        let inside = &samples[2_000..6_000];
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in inside.iter().enumerate() {
            let phase = std::f64::consts::TAU * TONE_HZ * n as f64 / 16_000.0;
            sine += f64::from(*sample) * phase.sin() / 2_000.0;
            cosine += f64::from(*sample) * phase.cos() / 2_000.0;
        }
        assert!((sine.hypot(cosine) - 0.5).abs() < 0.03, "{name}: {:.3}", sine.hypot(cosine));
    }
}

#[test]
fn other_files_are_told_apart() {
    let (folder, path) = in_folder("not.wav");
    for content in [&b"RIFF"[..], b"ID3\x04 this is an mp3", &[0; 4_096], b"Dear diary, today I was a wizard.\n"] {
        std::fs::write(&path, content).unwrap();
        let error = read_all(&path).unwrap_err();
        assert!(matches!(error, SpeechError::UnknownSound { .. }), "{error}");
        assert!(error.to_string().contains("not.wav") && error.to_string().contains("ffmpeg -i"), "{error}");
    }
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(read_all(&path).unwrap_err(), SpeechError::EmptySound { .. }));
    assert!(read_all(folder.path()).unwrap_err().to_string().contains("folder"));
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
    let mut wav = Sound::open(&path).unwrap();
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
    let mut wav = Sound::open(&path).unwrap();
    assert_eq!(wav.length_s(), Some(3_600.0));
    let (mut piece, mut total, mut largest) = (Vec::new(), 0_usize, 0_usize);
    while wav.read(1.0, &mut piece).unwrap() {
        total += piece.len();
        largest = largest.max(piece.len());
        piece.clear();
    }
    assert_eq!((total, largest), (3_600 * 16_000, 16_000));
}
