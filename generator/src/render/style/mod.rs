//! Picture styles: the whole picture painted in another manner, at the camera's full size, live.
//!
//! ```text
//! finished picture ─Look─> brightness (fine), colours (coarse), settled over time
//!                             │
//!                             ├─Flow─> directions     ┐
//!                             ├─Lines─> drawn lines   ├─> one style ─> picture
//!                             └─Kuwahara─> flat paint ┘
//! ```
//!
//! A style stands still: paper, strokes' places, hatching, dots and tiles belong to the picture and come from the seed;
//! only colours, directions and amounts follow the frame, through smooth functions. What is carried from frame to frame
//! (a settled picture and settled directions) is a function of the frames since the last reset, in order: drawing a clip
//! in pieces equals drawing it whole.

mod comic;
mod filter;
mod flow;
mod lines;
mod look;
mod mosaic;
mod oil;
mod pencil;
mod pixels;
pub(in crate::render) mod plane;
mod sample;
mod sizes;
#[cfg(test)]
mod tests;
pub(in crate::render) mod texture;
mod watercolor;

use pulp::Arch;

use self::comic::Comic;
use self::mosaic::Mosaic;
use self::oil::Oil;
use self::pencil::Pencil;
use self::pixels::Pixels;
use self::sizes::Sizes;
use self::watercolor::Watercolor;
use crate::scene::StyleName;

/// One style for one size of picture.
trait Paint: Send {
    /// Paints over RGB bytes of the full size. Called within the renderer's pool.
    fn paint(&mut self, pixels: &mut [u8]);

    /// Forgets earlier frames.
    fn reset(&mut self);
}

/// Paints pictures in the style of the scene.
pub struct Stylist {
    seed: u64,
    wanted: Option<StyleName>,
    /// The painter of the last frame, with its style and size.
    painter: Option<(StyleName, Sizes, Box<dyn Paint>)>,
}

impl Stylist {
    /// The textures of all styles follow from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, wanted: None, painter: None }
    }

    /// The style of the frames that follow; `None` leaves them as they are.
    pub fn set(&mut self, style: Option<StyleName>) {
        self.wanted = style;
    }

    /// Whether frames are painted at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.wanted.is_some()
    }

    /// Paints over one picture: RGB bytes, `width * height` pixels, at least one each way. In steady state (same style
    /// and size as before) nothing is allocated. Rows are shared out among the threads of the pool it is called in.
    ///
    /// # Panics
    /// When `pixels` are not as many as the size says.
    pub fn paint(&mut self, pixels: &mut [u8], width: usize, height: usize) {
        assert_eq!(pixels.len(), width * height * 3, "RGB bytes of {width}x{height}");
        let Some(style) = self.wanted else {
            self.painter = None;
            return;
        };
        let sizes = Sizes::new(width, height);
        let fits = |(name, of, _): &(StyleName, Sizes, Box<dyn Paint>)| (*name, *of) == (style, sizes);
        if !self.painter.as_ref().is_some_and(fits) {
            self.painter = None; // its memory is free before the next one takes more
        }
        let seed = self.seed;
        let (_, _, painter) = self.painter.get_or_insert_with(|| (style, sizes, open(style, sizes, seed)));
        painter.paint(pixels);
    }

    /// Forgets earlier frames, as after a cut in the footage.
    pub fn reset(&mut self) {
        if let Some((_, _, painter)) = &mut self.painter {
            painter.reset();
        }
    }
}

fn open(style: StyleName, sizes: Sizes, seed: u64) -> Box<dyn Paint> {
    let arch = Arch::new();
    match style {
        StyleName::OilPainting => Box::new(Oil::new(sizes, seed, arch)),
        StyleName::Watercolor => Box::new(Watercolor::new(sizes, seed, arch)),
        StyleName::PencilSketch => Box::new(Pencil::new(sizes, seed, arch)),
        StyleName::Comic => Box::new(Comic::new(sizes, arch)),
        StyleName::PixelArt => Box::new(Pixels::new(sizes)),
        StyleName::Mosaic => Box::new(Mosaic::new(sizes, seed, arch)),
    }
}
