use std::path::PathBuf;

/// What can go wrong between a kernel's launcher and the device. Each says what was expected and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    #[error(
        "no NVIDIA driver: its library (libcuda.so.1 or nvcuda.dll) is not there; install the driver or use the CPU"
    )]
    NoDriver,
    #[error("the NVIDIA driver does not work here ({0}); use the CPU")]
    Driver(String),
    #[error(
        "the NVIDIA driver is too old: it knows CUDA {0}.{1}, 13.0 is needed (driver 580 or newer); update it or use the CPU"
    )]
    OldDriver(i32, i32),
    #[error("there is no device number {wanted}: the driver knows {found}; use the CPU")]
    NoDevice { wanted: usize, found: usize },
    #[error(
        "{name} has compute capability {major}.{minor}; 8.0 or newer is needed (RTX 30, A100 and later); use the CPU"
    )]
    OldDevice { name: String, major: i32, minor: i32 },
    #[error(
        "device memory is full: {wanted} bytes were asked for, {free} are free; close other programs or use the CPU"
    )]
    OutOfMemory { wanted: usize, free: usize },
    #[error("{call} failed on the device: {reason}")]
    Call { call: &'static str, reason: String },
    #[error("{kernel}: {what} must be {expected}, it is {got}")]
    Shape { kernel: &'static str, what: &'static str, expected: String, got: String },
    #[error("{kernel}: its buffers belong to another device than it is launched on")]
    OtherDevice { kernel: &'static str },
    #[error("no kernel function {0} in the compiled kernels; compile them again with kernels/build_fatbin.py")]
    NoFunction(&'static str),
    #[error("the emulated kernels at {path} can't be used: {reason}")]
    Emulator { path: PathBuf, reason: String },
}

impl KernelError {
    /// Whether it says that there is no GPU to work on, which is no fault of the program or the machine.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        use KernelError::{Driver, NoDevice, NoDriver, OldDevice, OldDriver};
        matches!(self, NoDriver | Driver(_) | OldDriver(..) | NoDevice { .. } | OldDevice { .. })
    }

    pub(crate) fn shape(
        kernel: &'static str,
        what: &'static str,
        expected: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Shape { kernel, what, expected: expected.to_string(), got: got.to_string() }
    }
}

/// `Err` with the names of what was expected unless it holds.
pub(crate) fn require(
    holds: bool,
    kernel: &'static str,
    what: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Result<(), KernelError> {
    if holds { Ok(()) } else { Err(KernelError::shape(kernel, what, expected, got)) }
}
