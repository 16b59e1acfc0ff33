//! Values in buffers: element types, random fills, and reading them back as f64.

use half::f16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    F16,
    F32,
    U8,
    I32,
}

impl Element {
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }

    /// The values in `bytes`.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Vec<f64> {
        match self {
            Self::U8 => bytes.iter().map(|&b| f64::from(b)).collect(),
            Self::F16 => bytes.as_chunks::<2>().0.iter().map(|&b| f16::from_le_bytes(b).to_f64()).collect(),
            Self::F32 => bytes.as_chunks::<4>().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect(),
            Self::I32 => bytes.as_chunks::<4>().0.iter().map(|&b| f64::from(i32::from_le_bytes(b))).collect(),
        }
    }

    /// Appends the nearest value that the element can hold.
    pub fn encode(self, value: f64, to: &mut Vec<u8>) {
        match self {
            Self::U8 => to.push(value as u8),
            Self::F16 => to.extend(f16::from_f64(value).to_le_bytes()),
            Self::F32 => to.extend((value as f32).to_le_bytes()),
            Self::I32 => to.extend((value as i32).to_le_bytes()),
        }
    }

    #[must_use]
    pub fn encode_all(self, values: impl IntoIterator<Item = f64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        values.into_iter().for_each(|value| self.encode(value, &mut bytes));
        bytes
    }
}

/// What an input holds for a check.
#[derive(Clone, Debug)]
pub enum Fill {
    /// Normally distributed about `mean`.
    Normal { mean: f64, deviation: f64 },
    /// Evenly distributed.
    Uniform { low: f64, high: f64 },
    /// Rows of `padded` values of which the first `real` are normal with deviation 1 and the rest are zero.
    Rows { real: usize, padded: usize },
    /// These bytes.
    Exact(Vec<u8>),
}

/// Random numbers that are the same everywhere: SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to below 1.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Mean 0, deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

impl Fill {
    /// `len` values as bytes.
    #[must_use]
    pub fn bytes(&self, element: Element, len: usize, random: &mut Random) -> Vec<u8> {
        match self {
            Self::Normal { mean, deviation } => {
                element.encode_all((0..len).map(|_| mean + deviation * random.normal()))
            }
            Self::Uniform { low, high } => element.encode_all((0..len).map(|_| low + (high - low) * random.uniform())),
            Self::Rows { real, padded } => {
                element.encode_all((0..len).map(|i| if i % padded < *real { random.normal() } else { 0.0 }))
            }
            Self::Exact(bytes) => bytes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        for element in [Element::F16, Element::F32, Element::U8, Element::I32] {
            assert_eq!(element.decode(&element.encode_all([3.0, 200.0])), [3.0, 200.0]);
        }
    }

    #[test]
    fn random_numbers_are_normal_and_the_same_every_time() {
        let mut random = Random::new(5);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        assert_eq!(Random::new(5).bits(), Random::new(5).bits());
    }
}
