//! What every kernel brings with it: a typed launcher, a twin, rows for the parity and the bench table.

use std::fmt::Debug;

use crate::device::{Facts, Launch, Span};
use crate::error::KernelError;
use crate::values::{Element, Fill};

/// A kernel of one shape. Every item is asked for: without a twin, or without rows, it does not compile.
pub trait Kernel: Debug + Clone {
    /// What it reads and writes, by name.
    type Buffers;

    /// Its folder, and the name of its fat binary unless [`Self::FATBIN`] says otherwise.
    const NAME: &'static str;
    /// The fat binary that holds its functions.
    const FATBIN: &'static str = Self::NAME;
    /// Its functions in the `.cu`.
    const FUNCTIONS: &'static [&'static str];

    /// Its shape in a few words, for tables.
    fn describe(&self) -> String;

    /// The launches that compute it, one after the other. Checks the buffers against the shape.
    fn launches(&self, buffers: &Self::Buffers, facts: &Facts) -> Result<Vec<Launch>, KernelError>;

    /// How many launches those are, for plans without buffers.
    fn launch_count(&self) -> usize {
        1
    }

    /// Its buffers in order: what they hold and what is put into them for a check.
    fn operands(&self) -> Vec<Operand>;

    /// The same buffers from spans in the order of [`Self::operands`].
    fn buffers(&self, spans: &[Span<u8>]) -> Result<Self::Buffers, KernelError>;

    /// The specification: what each output must hold, in plain loops with sums of f64, and how far off a right answer
    /// may be. `inputs`: the values of the input operands in order. Rows that `rows` leaves out may stay
    /// [`Expected::ANY`].
    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>>;

    /// Which input value to change for a negative control: (input, index).
    fn control(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Whether the outputs depend on any input; where they don't there can be no negative control.
    fn depends_on_inputs(&self) -> bool {
        true
    }

    /// Work that no implementation gets around.
    fn work(&self) -> Work;

    /// Real and awkward shapes.
    fn parity() -> Vec<Self>;

    /// Shapes worth timing.
    fn bench() -> Vec<Self>;
}

/// Which rows (pixels, tokens) of an output a check looks at: every `step`th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    pub step: usize,
}

impl Rows {
    pub const ALL: Self = Self { step: 1 };

    #[must_use]
    pub fn wants(self, row: usize) -> bool {
        row.is_multiple_of(self.step)
    }
}

/// Whether a buffer goes in or comes out.
#[derive(Clone, Debug)]
pub enum Role {
    Input(Fill),
    Output,
    /// Neither read before it is written nor of interest afterwards.
    Scratch,
}

/// One buffer of a kernel.
#[derive(Clone, Debug)]
pub struct Operand {
    pub name: &'static str,
    pub element: Element,
    pub len: usize,
    pub role: Role,
}

impl Operand {
    #[must_use]
    pub fn input(name: &'static str, element: Element, len: usize, fill: Fill) -> Self {
        Self { name, element, len, role: Role::Input(fill) }
    }

    /// An input whose bytes are given.
    #[must_use]
    pub fn exact(name: &'static str, element: Element, bytes: Vec<u8>) -> Self {
        Self { name, element, len: bytes.len() / element.bytes(), role: Role::Input(Fill::Exact(bytes)) }
    }

    #[must_use]
    pub fn output(name: &'static str, element: Element, len: usize) -> Self {
        Self { name, element, len, role: Role::Output }
    }

    #[must_use]
    pub fn scratch(name: &'static str, element: Element, len: usize) -> Self {
        Self { name, element, len, role: Role::Scratch }
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len * self.element.bytes()
    }
}

/// One value of an output: `value`, off by no more than `tolerance`.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub value: f64,
    pub tolerance: f64,
}

/// Half a unit in the last place of an f16, relative.
pub const F16_ROUNDING: f64 = 1.0 / 2048.0;
/// The smallest distance of two f16, halved: the rounding of values near zero.
pub const F16_SMALLEST: f64 = 1.0 / 33_554_432.0;
/// Half a unit in the last place of an f32, relative.
pub const F32_ROUNDING: f64 = 1.0 / 16_777_216.0;

impl Expected {
    /// Not looked at, except that it must have been written.
    pub const ANY: Self = Self { value: f64::NAN, tolerance: f64::NAN };

    /// Not this kernel's to write: it must hold what it held before.
    pub const UNTOUCHED: Self = Self { value: f64::NAN, tolerance: f64::INFINITY };

    /// A sum of `terms` products in f32, rounded to f16. `magnitude` is the sum of the terms' absolute values. Rounding
    /// errors of a sum grow like the root of its length (Higham and Mary, 2019); 8 of these standard deviations are
    /// allowed, which also covers tensor cores that cut off digits where others round.
    #[must_use]
    pub fn sum(value: f64, terms: usize, magnitude: f64) -> Self {
        Self { value, tolerance: Self::rounded(value) + Self::summed(terms, magnitude) }
    }

    /// The error of a sum alone.
    #[must_use]
    pub fn summed(terms: usize, magnitude: f64) -> f64 {
        8.0 * (terms.max(1) as f64).sqrt() * F32_ROUNDING * magnitude
    }

    /// The error of rounding to f16 alone; a little more, because what is rounded is a little off already.
    #[must_use]
    pub fn rounded(value: f64) -> f64 {
        1.01 * F16_ROUNDING * value.abs() + 1.01 * F16_SMALLEST
    }

    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self { value, tolerance: 0.0 }
    }

    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.value.is_nan() && self.tolerance.is_infinite()
    }

    #[must_use]
    pub fn allows(&self, got: f64) -> bool {
        if self.value.is_nan() { got.is_finite() } else { (got - self.value).abs() <= self.tolerance }
    }
}

/// Bytes that must be moved at least once, operations that must be done (a multiply-add is two).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Work {
    pub bytes: u64,
    pub flops: u64,
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.flops += other.flops;
    }
}
