//! The kernels' sources on the CPU, for checks where there is no GPU; see `emulator/emulated.hpp`.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::NonNull;
use std::sync::Mutex;

use libloading::Library;

use crate::device::{Device, DeviceId, Facts, Launch, Span, check_copy};
use crate::error::KernelError;

type LaunchFn = unsafe extern "C" fn(*const c_char, *const c_uint, c_uint, c_uint, *const c_void, c_uint, u64) -> c_int;
type AllocateFn = unsafe extern "C" fn(usize) -> *mut c_void;
type ConflictsFn = unsafe extern "C" fn() -> u64;

/// A device whose threads are fibers of this process. Its memory stays until the process ends.
#[derive(Debug)]
pub struct Emulated {
    id: DeviceId,
    facts: Facts,
    launch: LaunchFn,
    allocate: AllocateFn,
    conflicts: ConflictsFn,
    seed: u64,
}

/// Compiles the emulator into `folder` under that name, with g++, from the sources this was built from: for tests. The
/// error says why it can't be done here; sources that don't compile are a panic.
pub fn compile(folder: &Path, name: &str, defines: &[&str]) -> Result<PathBuf, String> {
    let library = folder.join(name);
    compile_source("emulator.cpp", &library, defines)?;
    Ok(library)
}

/// Compiles a stand-in for the driver's library into `folder`, for `LD_LIBRARY_PATH` of a program under test; under both
/// names that are looked for, so that a real driver on this machine is not found first.
pub fn compile_driver(folder: &Path) -> Result<(), String> {
    let library = folder.join("libcuda.so");
    compile_source("driver.cpp", &library, &[])?;
    std::fs::copy(&library, folder.join("libcuda.so.1")).map_err(|error| error.to_string())?;
    Ok(())
}

fn compile_source(source: &str, library: &Path, defines: &[&str]) -> Result<(), String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("kernels are emulated on x86-64 Linux only".into());
    }
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]);
    compiler.args(["-Wno-unused-parameter"]).args(defines);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator").join(source);
    let Ok(output) = compiler.arg(source).arg("-o").arg(library).output() else {
        return Err("emulating kernels needs g++".into());
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The emulator keeps its state in globals.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Emulated {
    /// From the library made of `emulator/emulator.cpp`. `seed` decides in which order threads run.
    pub fn open(path: &Path, seed: u64) -> Result<Self, KernelError> {
        let unfit = |error: libloading::Error| KernelError::Emulator { path: path.into(), reason: error.to_string() };
        #[expect(unsafe_code, reason = "a library is loaded and its functions are taken for what they are")]
        // SAFETY: bounds, order, stream: no matter. Lifetime: the library is never closed, so its functions and memory
        // stay. The functions' types are those of emulator.cpp, which is compiled from the same checkout.
        let (launch, allocate, conflicts) = unsafe {
            let library: &'static Library = Box::leak(Box::new(Library::new(path).map_err(unfit)?));
            let launch = library.get::<LaunchFn>(b"emulated_launch").map_err(unfit)?;
            let allocate = library.get::<AllocateFn>(b"emulated_allocate").map_err(unfit)?;
            let conflicts = library.get::<ConflictsFn>(b"emulated_bank_conflicts").map_err(unfit)?;
            (*launch, *allocate, *conflicts)
        };
        let facts = Facts { name: "emulated on the CPU".into(), multiprocessors: 4, ..Facts::assumed() };
        Ok(Self { id: DeviceId::new(), facts, launch, allocate, conflicts, seed })
    }

    /// Bank conflicts of matrix loads so far.
    #[must_use]
    pub fn bank_conflicts(&self) -> u64 {
        #[expect(unsafe_code, reason = "a call into the emulator")]
        // SAFETY: bounds, lifetime, stream: it reads one number. Order: launches hold the lock; a torn count is harmless.
        unsafe {
            (self.conflicts)()
        }
    }
}

impl Device for Emulated {
    fn id(&self) -> DeviceId {
        self.id
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn allocate(&self, bytes: usize) -> Result<Span<u8>, KernelError> {
        #[expect(unsafe_code, reason = "memory from the emulator")]
        // SAFETY: bounds: it returns a new mapping of at least `bytes`, zeroed. Order, stream: none. Lifetime: never
        // given back.
        let at = unsafe { (self.allocate)(bytes.max(1)) };
        let at = NonNull::new(at).ok_or(KernelError::OutOfMemory { wanted: bytes, free: 0 })?;
        Ok(Span::of_memory(self.id, at.as_ptr() as u64, bytes))
    }

    fn write(&self, to: Span<u8>, from: &[u8]) -> Result<(), KernelError> {
        check_copy(self.id, to, from.len())?;
        #[expect(unsafe_code, reason = "a copy into the emulator's memory")]
        // SAFETY: bounds: both have the same length, and spans of this device lie in mappings of its own, which no
        // slice can overlap. Order, stream: launches are over when they return. Lifetime: mappings stay.
        unsafe {
            std::ptr::copy_nonoverlapping(from.as_ptr(), to.address() as *mut u8, from.len());
        }
        Ok(())
    }

    fn read(&self, from: Span<u8>, to: &mut [u8]) -> Result<(), KernelError> {
        check_copy(self.id, from, to.len())?;
        #[expect(unsafe_code, reason = "a copy out of the emulator's memory")]
        // SAFETY: as in `write`.
        unsafe {
            std::ptr::copy_nonoverlapping(from.address() as *const u8, to.as_mut_ptr(), to.len());
        }
        Ok(())
    }

    fn fill(&self, to: Span<u8>, byte: u8) -> Result<(), KernelError> {
        check_copy(self.id, to, to.len())?;
        #[expect(unsafe_code, reason = "a fill of the emulator's memory")]
        // SAFETY: as in `write`.
        unsafe {
            std::ptr::write_bytes(to.address() as *mut u8, byte, to.len());
        }
        Ok(())
    }

    fn launch(&self, launch: &Launch) -> Result<(), KernelError> {
        if launch.device != self.id {
            return Err(KernelError::OtherDevice { kernel: launch.function });
        }
        let name = CString::new(launch.function).map_err(|_| KernelError::NoFunction(launch.function))?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        #[expect(unsafe_code, reason = "a call into the emulator")]
        // SAFETY: bounds: only typed launchers make a `Launch`, their buffers checked; the emulator compares the size of
        // the parameter block and stops the process at accesses outside its memory. Order: it runs to the end before it
        // returns, under the lock. Lifetime: parameters and name outlive the call. Stream: none.
        let code = unsafe {
            (self.launch)(
                name.as_ptr(),
                launch.grid.as_ptr(),
                launch.threads,
                launch.shared_bytes,
                launch.params.words().as_ptr().cast(),
                launch.params.bytes() as c_uint,
                self.seed,
            )
        };
        let reason = match code {
            0 => return Ok(()),
            1 => return Err(KernelError::NoFunction(launch.function)),
            2 => "its parameter block has another size than the launcher's".into(),
            3 => format!("no device allows {:?} blocks of {} threads here", launch.grid, launch.threads),
            _ => "no memory".to_owned(),
        };
        Err(KernelError::Call { call: launch.function, reason })
    }

    fn synchronize(&self) -> Result<(), KernelError> {
        Ok(())
    }
}
