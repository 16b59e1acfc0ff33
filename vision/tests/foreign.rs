//! Clips that `ffmpeg` reads: recognition, times, shape, colours, and what is refused.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{moving_picture, psnr_db, read_all, write_clip};
use otherglass_vision::{Frame, VisionError, open_clip};

const FRAMES: u64 = 24;

/// A folder with a clip of our own, `clip.mp4`: 320x240, 24 frames, 24 a second. `None` where ffmpeg is missing.
fn workshop(what: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        println!("skipped: {what}: ffmpeg is missing");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = write_clip(&folder.path().join("clip.mp4"), 320, 240, FRAMES, FRAMES as f64);
    Some((folder, clip))
}

/// Makes `output` of `input`; false where this ffmpeg lacks a part.
fn make(input: &Path, options: &str, output: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(input).args(options.split(' ')).arg(output);
    let done = command.output().unwrap();
    if !done.status.success() {
        println!("skipped: {options}: this ffmpeg cannot: {}", String::from_utf8_lossy(&done.stderr));
    }
    done.status.success()
}

fn mean(frame: &Frame) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for pixel in frame.pixels.chunks_exact(3) {
        (0..3).for_each(|at| sums[at] += f64::from(pixel[at]));
    }
    sums.map(|sum| sum / (frame.pixels.len() / 3) as f64)
}

#[test]
fn kinds_that_are_not_built_in_open() {
    let Some((folder, clip)) = workshop("kinds of clips") else { return };
    let moving = [
        ("a.MTS", "-c copy -f mpegts -mpegts_m2ts_mode 1"),
        ("a.nut", "-c:v ffv1"),
        ("a.mxf", "-c:v mpeg2video -q:v 2"),
        ("a.mjpeg_stream", "-c:v mjpeg -q:v 2 -f mpjpeg"),
        ("deep.y4m", "-pix_fmt yuv420p10le -strict -1"),
        ("100%d.nut", "-c:v ffv1"),
        ("-a b:c.avi", "-c:v mpeg4 -q:v 2"),
    ];
    let still =
        [("a.tiff", ""), ("a.tga", ""), ("%03d.tga", ""), ("a.ppm", ""), ("a.jp2", "-c:v jpeg2000 "), ("a.qoi", "")];
    let still = still.map(|(name, codec)| (name, format!("{codec}-frames:v 1 -f image2 -update 1")));
    let all = moving.iter().map(|(name, options)| (*name, (*options).to_owned(), FRAMES as usize));
    for (name, options, count) in all.chain(still.into_iter().map(|(name, options)| (name, options, 1))) {
        let path = folder.path().join("made").with_extension(Path::new(name).extension().unwrap());
        if !make(&clip, &options, &path) {
            continue;
        }
        let named = folder.path().join(name);
        fs::rename(&path, &named).unwrap();
        let mut source = open_clip(&named).unwrap_or_else(|error| panic!("{name}: {error}"));
        let frames = read_all(&mut *source);
        assert_eq!(frames.len(), count, "{name}");
        let quality = psnr_db(&frames[0].0, &moving_picture(320, 240, 0));
        assert!(quality > 28.0, "{name}: {quality:.1} dB");
    }
}

#[test]
fn what_is_no_clip_or_names_other_files_is_refused() {
    let Some((folder, clip)) = workshop("files that are no clips") else { return };
    let ts = folder.path().join("part.ts");
    assert!(make(&clip, "-c copy", &ts));
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n";
    let texts = [
        ("list.m3u8", list),
        ("hidden.mts", list),
        ("list.ffconcat", "ffconcat version 1.0\nfile part.ts\n"),
        ("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"),
        ("a.mpd", "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>"),
        ("a.txt", "Only words.\nAnd more of them.\n"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nwords\n"),
        ("a.sh", "#!/bin/sh\necho words\n"),
        ("a.zip", "PK\u{3}\u{4}words and words and words"),
        ("a.pdf", "%PDF-1.7\nwords and words"),
    ];
    for (name, text) in texts {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let error = open_clip(&path).err().unwrap_or_else(|| panic!("{name} should not open"));
        assert!(matches!(error, VisionError::Unsupported { .. }), "{name}: {error}");
    }
    // Negative control: what the lists name does open.
    open_clip(&ts).unwrap();
    let sound = "-f lavfi -i sine=d=1 -map 1:a";
    let cover = "-f lavfi -i sine=d=1 -map 1:a -map 0:v -c:v mjpeg -frames:v 1 -disposition:v:0 attached_pic";
    for (name, options) in [("a.wav", sound), ("a.mp3", sound), ("covered.m4a", cover), ("covered.mp3", cover)] {
        let path = folder.path().join(name);
        if make(&clip, options, &path) {
            assert!(open_clip(&path).is_err(), "{name}");
        }
    }
}

#[test]
fn time_runs_as_players_show_it() {
    let Some((folder, clip)) = workshop("times of clips") else { return };
    for (name, options) in [
        ("b.avi", "-c:v libx264 -bf 3"),
        ("x.avi", "-c:v mpeg4 -bf 2 -q:v 2 -vtag XVID"),
        ("p.mpg", "-c:v mpeg2video -bf 2 -r 25 -q:v 2"),
        ("r.h264", "-c:v libx264 -bf 3"),
        ("r.m2v", "-c:v mpeg2video -bf 2 -r 25 -q:v 2"),
        ("r.ts", "-c:v libx264 -bf 3 -output_ts_offset 95442.2"),
    ] {
        let path = folder.path().join(name);
        if !make(&clip, options, &path) {
            continue;
        }
        let mut source = open_clip(&path).unwrap();
        let rate = source.info().frame_rate.unwrap();
        let frames = read_all(&mut *source);
        let wanted = if options.contains("-r 25") { 25.0 } else { 24.0 };
        assert!(rate > 23.0 && rate < 26.0, "{name}: {rate} a second");
        assert!(frames.len().abs_diff(FRAMES as usize) <= 1, "{name}: {} frames", frames.len());
        let step = frames.last().unwrap().1 / (frames.len() - 1) as f64;
        // A bare stream may hold no rate, and ffmpeg takes 25.
        assert!((step * wanted - 1.0).abs() < 0.06, "{name}: {step} s a frame");
        for pair in frames.windows(2) {
            assert!((pair[1].1 - pair[0].1 - step).abs() < 0.01, "{name}: uneven: {} to {}", pair[0].1, pair[1].1);
        }
    }
    let uneven = folder.path().join("uneven.nut");
    assert!(make(&clip, "-vf setpts=N*N/48/TB -fps_mode vfr -enc_time_base 1/1000 -c:v ffv1", &uneven));
    for (number, (_, time)) in read_all(&mut *open_clip(&uneven).unwrap()).iter().enumerate() {
        assert!((time - (number * number) as f64 / 48.0).abs() < 0.005, "frame {number} at {time}");
    }
}

#[test]
fn pixels_become_square() {
    let Some((folder, clip)) = workshop("pixels that are not square") else { return };
    for (sar, size) in [("4/3", (427, 240)), ("64/45", (455, 240)), ("3/4", (320, 320)), ("1", (320, 240))] {
        let path = folder.path().join("a.nut");
        assert!(make(&clip, &format!("-vf setsar={sar} -c:v ffv1"), &path));
        let info = open_clip(&path).unwrap().info().clone();
        assert_eq!((info.width, info.height), size, "{sar}");
    }
    // Turned by a quarter, the axis that grows is the other one.
    let (flat, turned) = (folder.path().join("flat.mp4"), folder.path().join("turned.mp4"));
    if make(&clip, "-vf setsar=4/3 -c:v mpeg4", &flat) && make(&flat, "-c copy -metadata:s:v:0 rotate=90", &turned) {
        let info = open_clip(&turned).unwrap().info().clone();
        assert!(matches!((info.width, info.height), (240, 427) | (427, 240)), "{info:?}");
    }
}

#[test]
fn high_dynamic_range_keeps_its_colours() {
    let Some((folder, clip)) = workshop("high dynamic range") else { return };
    let plain = mean(&moving_picture(320, 240, 0));
    for (transfer, peak) in [("arib-std-b67", 203), ("smpte2084", 203)] {
        let path = folder.path().join(format!("{transfer}.mov"));
        let convert = format!(
            "-vf zscale=min=709:pin=709:tin=709:min=170m:rin=limited:npl={peak}:t=linear,format=gbrpf32le,\
             zscale=p=2020:t={transfer}:m=2020_ncl:r=limited:npl={peak},format=yuv420p10le -c:v libx265 -x265-params \
             log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc -tag:v hvc1 -color_primaries bt2020 \
             -color_trc {transfer} -colorspace bt2020nc"
        );
        if !make(&clip, &convert, &path) {
            continue;
        }
        let frames = read_all(&mut *open_clip(&path).unwrap());
        assert_eq!(frames.len(), FRAMES as usize);
        let got = mean(&frames[0].0);
        for (got, plain) in got.iter().zip(plain) {
            assert!((got - plain).abs() < 30.0, "{transfer}: {got:.0} for {plain:.0}");
        }
        // Beside ffmpeg's own conversion, and as a control beside none at all.
        let (reference, plain) = (folder.path().join("reference.png"), folder.path().join("plain.png"));
        let tonemap = "-frames:v 1 -vf zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,\
                       tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=tv,format=rgb24";
        if make(&path, tonemap, &reference) && make(&path, "-frames:v 1 -pix_fmt rgb24", &plain) {
            let open = |path: &Path| saturation(&read_all(&mut *open_clip(path).unwrap())[0].0);
            let (got, reference, plain) = (saturation(&frames[0].0), open(&reference), open(&plain));
            assert!((got / reference - 1.0).abs() < 0.25, "{transfer}: {got:.1} for {reference:.1}");
            assert!(got > plain * 1.15, "{transfer}: {got:.1}, grey as without conversion: {plain:.1}");
        }
    }
}

/// Mean distance between the largest and the smallest of red, green and blue.
fn saturation(frame: &Frame) -> f64 {
    let spread = |pixel: &[u8]| f64::from(pixel.iter().max().unwrap() - pixel.iter().min().unwrap());
    frame.pixels.chunks_exact(3).map(spread).sum::<f64>() / (frame.pixels.len() / 3) as f64
}

/// Mean difference of a line from the mean of its neighbours.
fn comb(frame: &Frame) -> f64 {
    let row = frame.width as usize * 3;
    let (mut sum, mut count) = (0.0, 0.0);
    for at in row..frame.pixels.len() - row {
        let neighbours = (f64::from(frame.pixels[at - row]) + f64::from(frame.pixels[at + row])) / 2.0;
        sum += (f64::from(frame.pixels[at]) - neighbours).abs();
        count += 1.0;
    }
    sum / count
}

#[test]
fn interlaced_clips_have_no_combs_and_progressive_ones_stay() {
    let Some((folder, clip)) = workshop("interlaced clips") else { return };
    let woven = folder.path().join("woven.mkv");
    let flagged = folder.path().join("flagged.mpg");
    assert!(make(&clip, "-vf tinterlace=interleave_top,setfield=prog -c:v ffv1", &woven));
    assert!(make(&clip, "-vf tinterlace=interleave_top -c:v mpeg2video -r 25 -q:v 2 -flags +ildct+ilme", &flagged));
    let middle = |path: &Path| comb(&read_all(&mut *open_clip(path).unwrap())[5].0);
    let smooth = comb(&moving_picture(320, 240, 10));
    let (flagged, woven) = (middle(&flagged), middle(&woven));
    // The control says it is progressive.
    assert!(woven > smooth * 1.6 + 0.2, "no combs to take away: {woven:.2}, {smooth:.2} without");
    assert!(flagged < smooth * 1.6 + 0.2, "combs of {flagged:.2}, {smooth:.2} without");
    let exact = folder.path().join("exact.nut");
    assert!(make(&clip, "-c:v ffv1", &exact));
    let plain = folder.path().join("plain.y4m");
    assert!(make(&exact, "-pix_fmt yuv420p", &plain));
    let (exact, plain) = (read_all(&mut *open_clip(&exact).unwrap()), read_all(&mut *open_clip(&plain).unwrap()));
    assert!(exact.iter().zip(&plain).all(|(a, b)| psnr_db(&a.0, &b.0) > 34.0));
}

#[test]
fn encrypted_clips_are_refused() {
    let Some((folder, clip)) = workshop("encrypted clips") else { return };
    let path = folder.path().join("locked.mp4");
    let key = "00112233445566778899aabbccddeeff";
    let options = format!("-c:v mpeg4 -encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {key}");
    if make(&clip, &options, &path) {
        let error = open_clip(&path).err().expect("it cannot be shown").to_string();
        assert!(error.contains("encrypted") && error.contains("locked.mp4"), "{error}");
    }
}

#[test]
fn damage_is_borne_and_nothing_hangs() {
    let Some((folder, clip)) = workshop("damaged clips") else { return };
    let kinds = [
        ("a.avi", "-c:v mpeg4 -frames:v 6"),
        ("a.mpg", "-c:v mpeg2video -r 25 -frames:v 6"),
        ("a.nut", "-c:v ffv1 -frames:v 6"),
        ("a.flv", "-c:v flv -frames:v 6"),
        ("a.MTS", "-c copy -frames:v 6 -f mpegts -mpegts_m2ts_mode 1"),
    ];
    // A linear congruential generator with Knuth's constants and a fixed seed.
    let mut state = 20_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for (name, options) in kinds {
        let path = folder.path().join(name);
        assert!(make(&clip, options, &path));
        let whole = fs::read(&path).unwrap();
        for round in 0..20 {
            let mut bytes = whole.clone();
            for _ in 0..=round {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            if round % 4 == 3 {
                bytes.truncate(1 + random() % whole.len());
            }
            fs::write(&path, bytes).unwrap();
            let start = Instant::now();
            match open_clip(&path) {
                Ok(mut source) => while let Ok(Some(_)) = source.next_frame() {},
                Err(error) => assert!(error.to_string().contains(name), "{error}"),
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{name} round {round}: {:?}", start.elapsed());
        }
    }
}
