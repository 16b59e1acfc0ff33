//! Holds every kernel against its twin on a device, and measures it. What `gpu_check` runs.

pub mod allocations;
pub mod bench;
pub mod parity;
pub mod replay;
pub mod report;

use crate::attention::Attention;
use crate::ceiling::{CeilingCopy, CeilingMma};
use crate::cells::Cells;
use crate::composite::Composite;
use crate::conv::Conv;
use crate::costume::{Dye, Measure};
use crate::device::{Facts, Launch, Span};
use crate::error::KernelError;
use crate::fields::Fields;
use crate::frame_in::{FrameToRgb, Shrink, Unshuffle};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::linear::Linear;
use crate::maps::Maps;
use crate::norm::Norm;
use crate::place::PlaceWorn;
use crate::points::{Join, Place, Pool};
use crate::sampler::SamplerStep;
use crate::sketch::Sketch;
use crate::softmax::Softmax;
use crate::track::Track;

/// A kernel of one shape, whichever kernel it is: a row of a table.
pub trait Case {
    fn kernel(&self) -> &'static str;
    fn shape(&self) -> String;
    fn operands(&self) -> Vec<Operand>;
    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>>;
    fn control(&self) -> (usize, usize);
    fn depends_on_inputs(&self) -> bool;
    fn work(&self) -> Work;
    fn launch_count(&self) -> usize;
    /// `spans`: of all operands, in order.
    fn launches_on(&self, spans: &[Span<u8>], facts: &Facts) -> Result<Vec<Launch>, KernelError>;
}

impl<K: Kernel> Case for K {
    fn kernel(&self) -> &'static str {
        K::NAME
    }
    fn shape(&self) -> String {
        self.describe()
    }
    fn operands(&self) -> Vec<Operand> {
        Kernel::operands(self)
    }
    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        Kernel::twin(self, inputs, rows)
    }
    fn control(&self) -> (usize, usize) {
        Kernel::control(self)
    }
    fn depends_on_inputs(&self) -> bool {
        Kernel::depends_on_inputs(self)
    }
    fn work(&self) -> Work {
        Kernel::work(self)
    }
    fn launch_count(&self) -> usize {
        Kernel::launch_count(self)
    }
    fn launches_on(&self, spans: &[Span<u8>], facts: &Facts) -> Result<Vec<Launch>, KernelError> {
        self.launches(&self.buffers(spans)?, facts)
    }
}

fn boxed<K: Kernel + 'static>(kernels: Vec<K>) -> impl Iterator<Item = Box<dyn Case>> {
    kernels.into_iter().map(|kernel| Box::new(kernel) as Box<dyn Case>)
}

/// The one list of all kernels.
macro_rules! kernels {
    ($($kernel:ty),* $(,)?) => {
        /// All rows of the parity table.
        #[must_use]
        pub fn parity_cases() -> Vec<Box<dyn Case>> {
            let mut cases = Vec::new();
            $(cases.extend(boxed(<$kernel>::parity()));)*
            cases
        }

        /// All rows of the bench table.
        #[must_use]
        pub fn bench_cases() -> Vec<Box<dyn Case>> {
            let mut cases = Vec::new();
            $(cases.extend(boxed(<$kernel>::bench()));)*
            cases
        }

        /// Names and functions of all kernels, with the fat binary each is in.
        #[must_use]
        pub fn catalogue() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
            vec![$((<$kernel>::NAME, <$kernel>::FATBIN, <$kernel>::FUNCTIONS),)*]
        }
    };
}

kernels![
    FrameToRgb,
    Shrink,
    Unshuffle,
    Conv,
    Linear,
    Norm,
    Attention,
    Softmax,
    Pool,
    Place,
    Join,
    SamplerStep,
    Track,
    PlaceWorn,
    Fields,
    Sketch,
    Cells,
    Maps,
    Measure,
    Dye,
    Composite,
    CeilingMma,
    CeilingCopy,
];

/// The functions in a fat binary.
#[must_use]
pub fn functions_of(fatbin: &str) -> Vec<&'static str> {
    let of_it = |(_, name, functions): (_, &str, &'static [&'static str])| if name == fatbin { functions } else { &[] };
    catalogue().into_iter().flat_map(of_it).copied().collect()
}
