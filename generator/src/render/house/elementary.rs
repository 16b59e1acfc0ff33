//! Elementary functions that are compiled to vector instructions, which the library's are not: no branches, no tables.

use std::f32::consts::{FRAC_1_PI, FRAC_PI_2, LN_2, LOG2_E, PI};

/// Added and taken away again it rounds to the nearest whole number: the mantissa has no room for more.
const ROUNDING: f32 = 12_582_912.0;

/// 2 to the power of `x`, to a relative 4e-6: the whole part goes into the exponent's bits, the rest through a
/// polynomial.
#[inline(always)]
#[must_use]
pub fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 126.0);
    let whole = (x + ROUNDING) - ROUNDING;
    let rest = (x - whole) * LN_2;
    let power = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0)))));
    f32::from_bits(((whole as i32 + 127) << 23) as u32) * power
}

/// e to the power of `x`, as close.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    exp2(x * LOG2_E)
}

#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// Sine and cosine, to 1e-6 for angles of up to a hundred turns: Taylor's series about the nearest multiple of pi.
#[inline(always)]
#[must_use]
pub fn sin_cos(x: f32) -> (f32, f32) {
    /// Pi in two parts, the first of so few digits that multiples of it are exact.
    const COARSE: f32 = 3.140_625;
    const FINE: f32 = 9.676_536e-4;
    let rounded = x * FRAC_1_PI + ROUNDING;
    let half_turns = rounded - ROUNDING;
    let sign = rounded.to_bits() << 31; // odd half turns change it
    let rest = (x - half_turns * COARSE) - half_turns * FINE;
    let s = rest * rest;
    let sin = rest
        * (1.0
            + s * (-1.0 / 6.0
                + s * (1.0 / 120.0 + s * (-1.0 / 5_040.0 + s * (1.0 / 362_880.0 + s * (-1.0 / 39_916_800.0))))));
    let cos = 1.0
        + s * (-0.5
            + s * (1.0 / 24.0
                + s * (-1.0 / 720.0 + s * (1.0 / 40_320.0 + s * (-1.0 / 3_628_800.0 + s * (1.0 / 479_001_600.0))))));
    (f32::from_bits(sin.to_bits() ^ sign), f32::from_bits(cos.to_bits() ^ sign))
}

/// The angle of (x, y), to 1e-6; that of (0, 0) is 0. The polynomial is 4.4.49 of Abramowitz and Stegun, "Handbook of
/// Mathematical Functions" (1964).
#[inline(always)]
#[must_use]
pub fn atan2(y: f32, x: f32) -> f32 {
    let (across, along) = (x.abs(), y.abs());
    let (less, more) = (across.min(along), across.max(along));
    let a = less / more.max(f32::MIN_POSITIVE);
    let s = a * a;
    let near = a
        * (1.0
            + s * (-0.333_331_45
                + s * (0.199_935_51
                    + s * (-0.142_089
                        + s * (0.106_562_64
                            + s * (-0.075_289_64
                                + s * (0.042_909_614 + s * (-0.016_165_737 + s * 0.002_866_225_7))))))));
    let upright = if along > across { FRAC_PI_2 - near } else { near };
    let angle = if x < 0.0 { PI - upright } else { upright };
    angle.copysign(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_close_to_the_librarys() {
        for i in -4000..=4000 {
            let x = i as f32 * 0.01;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 4e-6, "{x}");
            assert!((tanh(x) - x.tanh()).abs() < 2e-6, "{x}");
            let ((sin, cos), wide) = (sin_cos(15.0 * x), f64::from(15.0 * x));
            assert!((f64::from(sin) - wide.sin()).abs() < 1e-6, "sin {wide}: {sin}");
            assert!((f64::from(cos) - wide.cos()).abs() < 1e-6, "cos {wide}: {cos}");
            let angle = x * (PI / 40.0);
            let (y, x) = (3.0 * angle.sin(), 3.0 * angle.cos());
            assert!((atan2(y, x) - y.atan2(x)).abs() < 1e-6, "{angle}: {} is not {}", atan2(y, x), y.atan2(x));
        }
        assert!(exp2(-1e9) >= 0.0 && exp2(1e9).is_finite());
        assert_eq!((atan2(0.0, 0.0), atan2(0.0, 1.0)), (0.0, 0.0));
        assert!((atan2(0.0, -1.0) - PI).abs() < 1e-6 && (atan2(-1.0, 0.0) + FRAC_PI_2).abs() < 1e-6);
    }
}
