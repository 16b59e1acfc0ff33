//! High dynamic range and wide gamut to ordinary SDR pictures (BT.709 colours, sRGB curve).
//!
//! Light is in cd/m²: PQ by SMPTE ST 2084, HLG by ITU-R BT.2100 (system gamma 1.2 for a display of 1000 cd/m²). Bright
//! parts are rolled off by the EETF of ITU-R BT.2390, applied to the largest of red, green and blue so that hues stay.

/// Peak of the display that pictures are mastered for, cd/m².
const PEAK: f32 = 1000.0;

/// Light that becomes the brightest SDR white, cd/m²: reference white of BT.2408 (203) and a quarter for highlights.
const SDR_PEAK: f32 = 254.0;

/// Entries by code value; 12 bits are what HDR is coded in at most.
const CODES: usize = 4096;

/// Entries of tables that are indexed by the square root of light.
const ROOTS: usize = 2048;

/// Entries of the SDR curve.
const LEVELS: usize = 8192;

/// The curve that turns code values into light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Perceptual quantizer: HDR10, Dolby Vision.
    Pq,
    /// Hybrid log-gamma: telephones, broadcasting.
    Hlg,
    /// Ordinary range in other primaries.
    Sdr,
}

/// The colours that red, green and blue stand for. All have the white D65.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primaries {
    Bt709,
    Bt2020,
    DisplayP3,
}

impl Primaries {
    /// Linear RGB to linear BT.709, from the chromaticities in ITU-R BT.709, BT.2020 (see BT.2407) and SMPTE EG 432-1.
    fn to_bt709(self) -> [[f32; 3]; 3] {
        match self {
            Self::Bt709 => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Bt2020 => [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
            Self::DisplayP3 => [[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]],
        }
    }
}

/// Tables for one kind of clip.
#[derive(Clone, Debug)]
pub(crate) struct ToSdr {
    transfer: Transfer,
    matrix: [[f32; 3]; 3],
    /// Code value to light; HLG: to scene light, 0 to 1.
    light: Vec<f32>,
    /// HLG: square root of scene luminance to the factor of display light.
    system: Vec<f32>,
    /// Square root of light over [`PEAK`] to the factor that gives SDR light, 0 to 1.
    gain: Vec<f32>,
    /// SDR light to a byte.
    encode: Vec<u8>,
}

impl ToSdr {
    /// Makes the tables.
    pub(crate) fn new(transfer: Transfer, primaries: Primaries) -> Self {
        let light = (0..CODES).map(|code| {
            let code = code as f32 / (CODES - 1) as f32;
            match transfer {
                Transfer::Pq => pq_light(code).min(PEAK),
                Transfer::Hlg => hlg_scene(code),
                Transfer::Sdr => srgb_light(code),
            }
        });
        let root = |index: usize| (index as f32 / (ROOTS - 1) as f32).powi(2);
        // BT.2100: display light = peak x scene luminance ^ (gamma - 1) x scene light.
        let system = (0..ROOTS).map(|index| PEAK * root(index).powf(0.2));
        let gain = (0..ROOTS).map(|index| {
            let light = (root(index) * PEAK).max(1e-3);
            rolled_off(light) / SDR_PEAK / light
        });
        let encode = (0..LEVELS).map(|level| (srgb_code(level as f32 / (LEVELS - 1) as f32) * 255.0).round() as u8);
        Self {
            transfer,
            matrix: primaries.to_bt709(),
            light: light.collect(),
            system: system.collect(),
            gain: gain.collect(),
            encode: encode.collect(),
        }
    }

    /// Converts RGB of 16 bits a sample, the high byte first, to RGB of 8 bits.
    pub(crate) fn convert(&self, deep: &[u8]) -> Vec<u8> {
        let mut rgb = vec![0; deep.len() / 6 * 3];
        for (from, to) in deep.chunks_exact(6).zip(rgb.chunks_exact_mut(3)) {
            let code = |at: usize| usize::from(u16::from_be_bytes([from[at], from[at + 1]]) >> 4);
            let mut light = [self.light[code(0)], self.light[code(2)], self.light[code(4)]];
            let factor = match self.transfer {
                Transfer::Sdr => 1.0,
                Transfer::Pq => self.gain_of(light, 1.0),
                Transfer::Hlg => {
                    let luminance = 0.2627 * light[0] + 0.6780 * light[1] + 0.0593 * light[2];
                    let system = self.system[index(luminance.sqrt(), ROOTS)];
                    system * self.gain_of(light, system)
                }
            };
            light.iter_mut().for_each(|light| *light *= factor);
            for (row, to) in self.matrix.iter().zip(to) {
                let level = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
                *to = self.encode[index(level, LEVELS)];
            }
        }
        rgb
    }

    fn gain_of(&self, light: [f32; 3], scale: f32) -> f32 {
        let largest = light[0].max(light[1]).max(light[2]) * scale;
        self.gain[index((largest / PEAK).sqrt(), ROOTS)]
    }
}

/// Nearest entry of a table over 0 to 1; what lies outside is cut.
fn index(value: f32, entries: usize) -> usize {
    // Cut as a float first: the whole number then comes without further checks of its range.
    (value.clamp(0.0, 1.0) * (entries - 1) as f32 + 0.5) as i32 as usize
}

const PQ_M1: f32 = 2610.0 / 16384.0;
const PQ_M2: f32 = 2523.0 / 4096.0 * 128.0;
const PQ_C1: f32 = 3424.0 / 4096.0;
const PQ_C2: f32 = 2413.0 / 4096.0 * 32.0;
const PQ_C3: f32 = 2392.0 / 4096.0 * 32.0;

/// EOTF of SMPTE ST 2084: code value 0 to 1 to cd/m².
fn pq_light(code: f32) -> f32 {
    let power = code.powf(1.0 / PQ_M2);
    10_000.0 * ((power - PQ_C1).max(0.0) / (PQ_C2 - PQ_C3 * power)).powf(1.0 / PQ_M1)
}

/// Inverse EOTF of SMPTE ST 2084.
fn pq_code(light: f32) -> f32 {
    let power = (light / 10_000.0).powf(PQ_M1);
    ((PQ_C1 + PQ_C2 * power) / (1.0 + PQ_C3 * power)).powf(PQ_M2)
}

/// Inverse OETF of HLG in BT.2100: code value 0 to 1 to scene light 0 to 1.
fn hlg_scene(code: f32) -> f32 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_7);
    if code <= 0.5 { code * code / 3.0 } else { (((code - c) / a).exp() + b) / 12.0 }
}

/// Curve of IEC 61966-2-1: code value to light.
fn srgb_light(code: f32) -> f32 {
    if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

/// Curve of IEC 61966-2-1: light to code value.
fn srgb_code(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// EETF of BT.2390 section 5.4.1, black level 0: cd/m² on the mastering display to cd/m² up to [`SDR_PEAK`].
fn rolled_off(light: f32) -> f32 {
    let source = pq_code(PEAK);
    let largest = pq_code(SDR_PEAK) / source;
    let knee = 1.5 * largest - 0.5;
    let code = (pq_code(light) / source).min(1.0);
    if code < knee {
        return light;
    }
    let t = (code - knee) / (1.0 - knee);
    let (t2, t3) = (t * t, t * t * t);
    let spline =
        (2.0 * t3 - 3.0 * t2 + 1.0) * knee + (t3 - 2.0 * t2 + t) * (1.0 - knee) + (-2.0 * t3 + 3.0 * t2) * largest;
    pq_light(spline * source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(to_sdr: &ToSdr, code: [f32; 3]) -> [u8; 3] {
        let deep: Vec<u8> = code.iter().flat_map(|code| ((code * 65535.0) as u16).to_be_bytes()).collect();
        to_sdr.convert(&deep).try_into().unwrap()
    }

    #[test]
    fn curves_have_the_published_values() {
        // BT.2408 table 1: 203 cd/m² is 58 % in PQ and 75 % in HLG.
        assert!((pq_code(203.0) - 0.58).abs() < 0.002 && (pq_light(pq_code(203.0)) - 203.0).abs() < 0.5);
        assert!((PEAK * hlg_scene(0.75).powf(1.2) - 203.0).abs() < 2.0);
        assert!((hlg_scene(1.0) - 1.0).abs() < 1e-3 && (hlg_scene(0.5) - 1.0 / 12.0).abs() < 1e-5);
        assert_eq!(rolled_off(50.0), 50.0);
        assert!((rolled_off(PEAK) - SDR_PEAK).abs() < 0.5);
        let steps: Vec<f32> = (0..100).map(|step| rolled_off(step as f32 * 10.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1] + 0.01), "{steps:?}");
    }

    #[test]
    fn white_is_white_and_grey_has_no_colour() {
        for (transfer, white) in [(Transfer::Pq, 0.58), (Transfer::Hlg, 0.75)] {
            let to_sdr = ToSdr::new(transfer, Primaries::Bt2020);
            let [red, green, blue] = one(&to_sdr, [white; 3]);
            assert!((205..=245).contains(&red), "{transfer:?}: {red}");
            assert!(red.abs_diff(green) < 3 && red.abs_diff(blue) < 3);
            assert_eq!(one(&to_sdr, [0.0; 3]), [0; 3]);
            let top = one(&to_sdr, [1.0; 3]);
            assert!(top.iter().all(|value| *value >= 253), "{transfer:?}: {top:?}");
        }
    }

    #[test]
    fn a_bt709_red_in_wide_gamut_comes_back_red() {
        // BT.709 red in linear BT.2020 (BT.2087), at 150 cd/m².
        let code = [0.6274, 0.0691, 0.0164].map(|part: f32| pq_code(part * 150.0));
        let [red, green, blue] = one(&ToSdr::new(Transfer::Pq, Primaries::Bt2020), code);
        assert!(red > 180 && green < 25 && blue < 25, "{red} {green} {blue}");
        let p3 = ToSdr::new(Transfer::Sdr, Primaries::DisplayP3);
        assert!(one(&p3, [0.5; 3]).iter().all(|value| value.abs_diff(127) < 3));
    }

    #[test]
    fn empty_input_gives_nothing() {
        assert!(ToSdr::new(Transfer::Hlg, Primaries::Bt2020).convert(&[]).is_empty());
    }
}
