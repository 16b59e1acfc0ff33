//! Our own CUDA kernels, and what it takes to run them with nothing but the driver installed.
//!
//! ```text
//! Net, ArenaPlan ──> Arena ──> spans ──> typed launchers ──> Launch ──> Device
//!                                                                    ├ Cuda: stream, graph, replay
//!                                                                    └ Emulated: the same sources on the CPU
//! ```
//!
//! A kernel is a folder: `mod.rs` holds the formula, the typed launcher and the CPU twin in plain loops, which is its
//! specification; beside it lies the `.cu`. [`Kernel`] asks for all of these, so a kernel without a twin does not
//! compile. Activations are NHWC in f16, channels padded with zeros to a multiple of 8; sums are f32.
//!
//! [`check`] holds every kernel against its twin on a device and measures it; `src/bin/gpu_check.rs` is the program.

pub mod arena;
pub mod attention;
pub mod ceiling;
pub mod cells;
pub mod check;
pub mod common;
pub mod composite;
pub mod conv;
pub mod costume;
pub mod cuda;
pub mod device;
pub mod emulated;
mod error;
pub mod fields;
pub mod fit;
pub mod frame_in;
pub mod kernel;
pub mod linear;
pub mod maps;
pub mod net;
pub mod norm;
pub mod place;
pub mod points;
pub mod program;
pub mod sampler;
pub mod sketch;
pub mod softmax;
pub mod track;
pub mod values;

pub use self::arena::{Arena, ArenaPlan, Slot};
pub use self::cuda::Cuda;
pub use self::device::{Device, Facts, Launch, Span};
pub use self::emulated::Emulated;
pub use self::error::KernelError;
pub use self::kernel::{Expected, Kernel, Operand, Work};
pub use self::program::{Machine, Program};
