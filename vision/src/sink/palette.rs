//! 256 colours for a picture: median cut over a histogram of 5 bits a channel, and the nearest colour by table.

/// Bits of each channel that the histogram and the table look at.
const BITS: u32 = 5;
const BINS: usize = 1 << (3 * BITS);
const CHANNELS: usize = 3;

/// Rows of the table that were not asked for yet.
const UNKNOWN: u16 = u16::MAX;

/// How far dithering pushes a channel value up or down, at most.
const DITHER_AMPLITUDE: i32 = 6;

/// Thresholds that spread evenly over 4x4 pixels; the pattern stands still, so equal pictures stay equal.
const BAYER: [[i32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// How often each (coarse) colour occurs in a picture.
pub(crate) struct Histogram {
    counts: Vec<u32>,
}

impl Histogram {
    pub(crate) fn of(rgb: &[u8]) -> Self {
        let mut counts = vec![0; BINS];
        let (pixels, _) = rgb.as_chunks::<CHANNELS>();
        pixels.iter().for_each(|pixel| counts[bin(*pixel)] += 1);
        Self { counts }
    }

    fn occupied(&self) -> impl Iterator<Item = ([u8; CHANNELS], u32, usize)> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bin, count)| (middle(bin), *count, bin))
    }
}

fn bin(pixel: [u8; CHANNELS]) -> usize {
    pixel.iter().fold(0, |sum, value| sum << BITS | usize::from(value >> (8 - BITS)))
}

/// The colour in the middle of a bin.
fn middle(bin: usize) -> [u8; CHANNELS] {
    let channel = |at: u32| {
        let value = (bin >> (BITS * at)) as u8 & ((1 << BITS) - 1);
        value << (8 - BITS) | value >> (2 * BITS - 8)
    };
    [channel(2), channel(1), channel(0)]
}

/// Up to 255 colours, one number left for transparency.
pub(crate) struct Palette {
    colours: Vec<[u8; CHANNELS]>,
    /// Nearest colour of each bin, filled as it is asked for.
    nearest: Vec<u16>,
}

/// Colours in one part of the colour cube.
struct Cell {
    colours: Vec<([u8; CHANNELS], u32)>,
    weight: u64,
    /// Channel with the widest spread, and that spread.
    widest: (usize, u8),
}

impl Cell {
    fn new(colours: Vec<([u8; CHANNELS], u32)>) -> Self {
        let weight = colours.iter().map(|(_, count)| u64::from(*count)).sum();
        let spread = |channel: usize| {
            let values = colours.iter().map(|(colour, _)| colour[channel]);
            values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
        };
        let widest = (0..CHANNELS).map(|channel| (channel, spread(channel))).max_by_key(|(_, spread)| *spread);
        Self { colours, weight, widest: widest.unwrap_or((0, 0)) }
    }

    /// Cells that are both full and wide are cut first.
    fn priority(&self) -> u64 {
        let spread = u64::from(self.widest.1);
        self.weight.isqrt() * spread * spread
    }

    fn split(mut self) -> (Self, Self) {
        let channel = self.widest.0;
        self.colours.sort_unstable_by_key(|(colour, _)| colour[channel]);
        let mut below = 0;
        let half = self.colours.iter().position(|(_, count)| {
            below += u64::from(*count);
            below * 2 > self.weight
        });
        let half = half.map_or(1, |at| at.clamp(1, self.colours.len() - 1));
        let upper = self.colours.split_off(half);
        (Self::new(self.colours), Self::new(upper))
    }

    fn mean(&self) -> [u8; CHANNELS] {
        [0, 1, 2].map(|channel| {
            let sum: u64 =
                self.colours.iter().map(|(colour, count)| u64::from(colour[channel]) * u64::from(*count)).sum();
            ((sum + self.weight / 2) / self.weight.max(1)) as u8
        })
    }
}

impl Palette {
    /// The number that stands for "as before".
    pub(crate) const TRANSPARENT: u8 = 255;

    /// Colours for a picture with this histogram.
    pub(crate) fn for_histogram(histogram: &Histogram) -> Self {
        let mut cells = vec![Cell::new(histogram.occupied().map(|(colour, count, _)| (colour, count)).collect())];
        while cells.len() < usize::from(Self::TRANSPARENT) {
            let best = cells.iter().enumerate().max_by_key(|(_, cell)| cell.priority());
            let Some((at, _)) = best.filter(|(_, cell)| cell.priority() > 0) else { break };
            let (lower, upper) = cells.swap_remove(at).split();
            cells.extend([lower, upper]);
        }
        let colours = cells.iter().map(Cell::mean).collect();
        Self { colours, nearest: vec![UNKNOWN; BINS] }
    }

    /// Mean squared distance between a picture with this histogram and its nearest colours.
    pub(crate) fn error(&mut self, histogram: &Histogram) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (colour, count, bin) in histogram.occupied() {
            let nearest = self.nearest_of_bin(bin);
            let nearest = self.colours[usize::from(nearest)];
            sum += f64::from(distance(colour, nearest)) * f64::from(count);
            total += f64::from(count);
        }
        sum / f64::max(total, 1.0)
    }

    /// The number of the colour for a pixel at (`x`, `y`), dithered.
    pub(crate) fn index(&mut self, pixel: [u8; CHANNELS], x: usize, y: usize) -> u8 {
        let push = (BAYER[y % 4][x % 4] * 2 - 15) * DITHER_AMPLITUDE / 15;
        let pushed = pixel.map(|value| (i32::from(value) + push).clamp(0, 255) as u8);
        self.nearest_of_bin(bin(pushed)) as u8
    }

    /// The colour with this number.
    pub(crate) fn colour(&self, index: u8) -> [u8; CHANNELS] {
        self.colours[usize::from(index)]
    }

    /// All colours, as a GIF holds them, filled up to 256.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.colours.concat();
        bytes.resize(256 * CHANNELS, 0);
        bytes
    }

    fn nearest_of_bin(&mut self, bin: usize) -> u16 {
        if self.nearest[bin] == UNKNOWN {
            let colour = middle(bin);
            let nearest = self.colours.iter().enumerate().min_by_key(|(_, other)| distance(colour, **other));
            self.nearest[bin] = nearest.map_or(0, |(at, _)| at as u16);
        }
        self.nearest[bin]
    }
}

/// Squared distance, weighted roughly as the eye does.
fn distance(a: [u8; CHANNELS], b: [u8; CHANNELS]) -> u32 {
    let step = |channel: usize| {
        let step = i32::from(a[channel]) - i32::from(b[channel]);
        (step * step) as u32
    };
    2 * step(0) + 4 * step(1) + step(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_as_they_are() {
        let rgb = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]].concat();
        let mut palette = Palette::for_histogram(&Histogram::of(&rgb));
        for pixel in rgb.chunks(3) {
            let index = palette.index([pixel[0], pixel[1], pixel[2]], 0, 0);
            let colour = palette.colour(index);
            assert!(distance(colour, [pixel[0], pixel[1], pixel[2]]) < 400, "{pixel:?} became {colour:?}");
        }
    }

    #[test]
    fn a_gradient_gets_many_close_colours() {
        let rgb: Vec<u8> = (0..256 * 256).flat_map(|at| [(at % 256) as u8, (at / 256) as u8, 128]).collect();
        let histogram = Histogram::of(&rgb);
        let mut palette = Palette::for_histogram(&histogram);
        assert!(palette.colours.len() > 200);
        assert!(palette.error(&histogram) < 500.0, "error {}", palette.error(&histogram));
        let mut one = Palette { colours: vec![[128, 128, 128]], nearest: vec![UNKNOWN; BINS] };
        assert!(one.error(&histogram) > 10_000.0);
    }
}
