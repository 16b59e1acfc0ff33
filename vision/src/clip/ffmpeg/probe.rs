//! Facts about a clip from `ffprobe`, and the filters that follow from them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::process::{quiet, safe_input};
use crate::colour::YuvMatrix;
use crate::hdr::{Primaries, ToSdr, Transfer};
use crate::{VisionError, hdr};

/// ffprobe reads a few packets; whatever takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Smallest side that the deinterlacer takes, lines or columns of a chroma plane with room to spare.
const MIN_DEINTERLACED: u64 = 16;

/// Facts about the first moving picture of a file. What is not known is empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Probe {
    /// Index of the stream.
    pub(super) index: Option<u64>,
    /// Width and height as coded, pixels.
    pub(super) size: Option<(u64, u64)>,
    /// Frames a second on average.
    pub(super) frame_rate: Option<f64>,
    pub(super) frame_count: Option<u64>,
    pub(super) duration_s: Option<f64>,
    /// A single picture, not a clip.
    pub(super) still: bool,
    pixel_format: String,
    matrix: Option<String>,
    primaries: Option<String>,
    transfer: Option<String>,
}

/// Asks ffprobe. `None` when it finds no clip or picture of an allowed kind.
///
/// # Errors
/// When there are no moving pictures in it, or they are encrypted or of a kind that would be shown wrongly.
pub(super) fn probe(ffprobe: &Path, path: &Path) -> Result<Option<Probe>, VisionError> {
    let mut command = Command::new(ffprobe);
    quiet(&mut command).args(["-hide_banner", "-loglevel", "quiet", "-of", "json", "-show_streams", "-show_format"]);
    // Encryption shows in the first packets alone.
    command.args(["-show_packets", "-read_intervals", "%+#2"]);
    safe_input(&mut command, path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Ok(Some(Probe::default())) };
    let Some(mut stdout) = child.stdout.take() else { return Ok(None) };
    let (sender, receiver) = mpsc::channel();
    let reader = super::process::named("ffprobe-answer").spawn(move || {
        let mut text = Vec::new();
        let read = std::io::Read::read_to_end(&mut stdout, &mut text);
        // The receiver is gone when it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    // Without a thread nobody sends, and the wait ends at once.
    drop(reader);
    let text = receiver.recv_timeout(TIMEOUT);
    // Fails only when it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    match text {
        Ok(Ok(text)) => parse(&serde_json::from_slice(&text).unwrap_or(Value::Null), path),
        _ => Err(VisionError::damaged(path, "ffprobe found no end of it")),
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number.is_finite() && number > 0.0).then_some(number)
}

fn ratio(value: &Value) -> Option<f64> {
    let (over, under) = value.as_str()?.split_once('/')?;
    let rate = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (rate.is_finite() && (0.001..=10_000.0).contains(&rate)).then_some(rate)
}

fn parse(json: &Value, path: &Path) -> Result<Option<Probe>, VisionError> {
    let Some(streams) = json["streams"].as_array().filter(|streams| !streams.is_empty()) else { return Ok(None) };
    let refuse = |what: &str, help: &str| {
        Err(VisionError::NoFrames { path: path.to_path_buf(), what: what.into(), help: help.into() })
    };
    let moving =
        |stream: &&Value| stream["codec_type"] == "video" && stream["disposition"]["attached_pic"].as_u64() != Some(1);
    let Some(stream) = streams.iter().find(moving) else {
        return refuse(
            "it holds sound or data and no moving picture",
            "give a clip, a picture or a folder of pictures",
        );
    };
    let side_data = stream["side_data_list"].as_array().map_or(&[][..], Vec::as_slice);
    let tag = stream["codec_tag_string"].as_str().unwrap_or_default();
    let encrypted = json["packets"].as_array().into_iter().flatten().any(|packet| {
        let side_data = packet["side_data_list"].as_array().into_iter().flatten();
        packet["stream_index"] == stream["index"]
            && side_data.into_iter().any(|data| data["side_data_type"] == "Encryption info")
    });
    if encrypted || tag == "encv" || tag == "drmi" {
        return refuse(
            "its picture is encrypted (copy protection)",
            "play it with the program it was bought for, or give a clip that is not protected",
        );
    }
    if side_data.iter().any(|data| data["dv_profile"].as_u64() == Some(5)) {
        return refuse(
            "its colours are Dolby Vision profile 5, which have no ordinary picture underneath",
            "export it as SDR or HDR10",
        );
    }
    let text = |name: &str| {
        stream[name].as_str().filter(|text| !matches!(*text, "unknown" | "reserved" | "unspecified")).map(str::to_owned)
    };
    let format = json["format"]["format_name"].as_str().unwrap_or_default();
    let still = format.ends_with("_pipe") || format == "image2";
    let (average, base) = (ratio(&stream["avg_frame_rate"]), ratio(&stream["r_frame_rate"]));
    // No clip has more frames a second than its base rate; AVI counts empty packets too.
    let frame_rate = match (average, base) {
        (Some(average), Some(base)) => Some(average.min(base)),
        (average, base) => average.or(base),
    };
    let counts_fields = matches!((average, base), (Some(average), Some(base)) if average > 1.01 * base);
    let duration_s = number(&stream["duration"]).or_else(|| number(&json["format"]["duration"]));
    let counted = number(&stream["nb_frames"]).map(|count| count as u64);
    let frame_count = if counts_fields {
        duration_s.zip(frame_rate).map(|(duration, rate)| (duration * rate).round() as u64)
    } else {
        counted
    };
    Ok(Some(Probe {
        index: stream["index"].as_u64(),
        size: stream["width"].as_u64().zip(stream["height"].as_u64()).filter(|(width, height)| width * height > 0),
        frame_rate: frame_rate.filter(|_| !still),
        frame_count: if still { Some(1) } else { frame_count },
        duration_s: duration_s.filter(|_| !still),
        still,
        pixel_format: text("pix_fmt").unwrap_or_default(),
        matrix: text("color_space"),
        primaries: text("color_primaries"),
        transfer: text("color_transfer"),
    }))
}

impl Probe {
    /// The way from the clip's colours to SDR; `None` for ordinary ones.
    pub(super) fn to_sdr(&self) -> Option<ToSdr> {
        let transfer = match self.transfer.as_deref() {
            Some("smpte2084") => Transfer::Pq,
            Some("arib-std-b67") => Transfer::Hlg,
            _ => Transfer::Sdr,
        };
        let primaries = match self.primaries.as_deref() {
            Some("bt2020") => Primaries::Bt2020,
            Some("smpte432") => Primaries::DisplayP3,
            None if transfer != Transfer::Sdr => Primaries::Bt2020,
            _ => Primaries::Bt709,
        };
        (transfer != Transfer::Sdr || primaries != Primaries::Bt709).then(|| hdr::ToSdr::new(transfer, primaries))
    }

    /// Filters to one size of square pixels in RGB, each frame once and its time told on the way.
    pub(super) fn filters(&self) -> String {
        let mut filters = String::new();
        let large = self.size.is_none_or(|(width, height)| width.min(height) >= MIN_DEINTERLACED);
        if !self.still && large && self.pixel_format.starts_with("yuv") {
            // Touches only frames that say they are interlaced.
            filters += "bwdif=mode=send_frame:deint=interlaced,";
        }
        filters += "scale=w='round(iw*max(1,clip(sar,0.25,4)))':h='round(ih*max(1,1/clip(sar,0.25,4)))'";
        filters += ":flags=bicubic+accurate_rnd+full_chroma_int";
        if self.matrix.is_none() && self.pixel_format.starts_with("yuv") {
            let hdr = matches!(self.transfer.as_deref(), Some("smpte2084" | "arib-std-b67"));
            let height = self.size.map_or(0, |(_, height)| u32::try_from(height).unwrap_or(u32::MAX));
            filters += match YuvMatrix::for_height(height) {
                _ if hdr => ":in_color_matrix=bt2020",
                YuvMatrix::Bt709 => ":in_color_matrix=bt709",
                _ => ":in_color_matrix=bt601",
            };
        }
        // Frames are numbered evenly at the end: ffmpeg would repeat and drop some to keep a constant rate.
        filters + ",setsar=1,showinfo=checksum=0,settb=1/25,setpts=N,fps=25"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stream: &str, format: &str) -> Result<Option<Probe>, VisionError> {
        let text = format!(r#"{{"streams":[{stream}],"format":{{"format_name":"{format}"}}}}"#);
        parse(&serde_json::from_str(&text).unwrap(), Path::new("a.clip"))
    }

    #[test]
    fn an_avi_that_counts_fields_has_its_base_rate() {
        let stream = r#"{"codec_type":"video","index":1,"width":320,"height":240,"avg_frame_rate":"60/1",
            "r_frame_rate":"30/1","nb_frames":"120","duration":"2.0"}"#;
        let probe = of(stream, "avi").unwrap().unwrap();
        assert_eq!((probe.frame_rate, probe.frame_count, probe.index), (Some(30.0), Some(60), Some(1)));
    }

    #[test]
    fn sound_encryption_and_bare_dolby_vision_are_refused() {
        let cover = r#"{"codec_type":"video","disposition":{"attached_pic":1}}"#;
        assert!(of(cover, "mov").unwrap_err().to_string().contains("sound"));
        let encrypted = r#"{"codec_type":"video","codec_tag_string":"encv"}"#;
        assert!(of(encrypted, "mov").unwrap_err().to_string().contains("encrypted"));
        let profile = |number: u8| format!(r#"{{"codec_type":"video","side_data_list":[{{"dv_profile":{number}}}]}}"#);
        assert!(of(&profile(5), "mov").unwrap_err().to_string().contains("Dolby Vision"));
        assert!(of(&profile(8), "mov").unwrap().is_some());
        assert_eq!(of("", "").unwrap(), None);
    }
}
