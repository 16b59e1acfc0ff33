//! The GPU: context, stream, the compiled kernels, graphs, through the driver's library opened at run time.

use std::borrow::{Borrow, BorrowMut};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cudarc::driver::{CudaContext, CudaEvent, CudaFunction, CudaGraph, CudaStream, DriverError, result, sys};
use cudarc::nvrtc::Ptx;

use crate::device::{Device, DeviceId, Facts, Launch, Span, check_copy};
use crate::error::{KernelError, require};

/// Each kernel's functions for every target (fat binary), made by `build_fatbin.py`. They are part of the program, so
/// that launchers and kernels can't be of different versions.
pub const FATBINS: [(&str, &[u8]); 17] = [
    ("attention", include_bytes!("../../assets/kernels/attention.fatbin")),
    ("ceiling", include_bytes!("../../assets/kernels/ceiling.fatbin")),
    ("cells", include_bytes!("../../assets/kernels/cells.fatbin")),
    ("composite", include_bytes!("../../assets/kernels/composite.fatbin")),
    ("conv", include_bytes!("../../assets/kernels/conv.fatbin")),
    ("costume", include_bytes!("../../assets/kernels/costume.fatbin")),
    ("fields", include_bytes!("../../assets/kernels/fields.fatbin")),
    ("frame_in", include_bytes!("../../assets/kernels/frame_in.fatbin")),
    ("linear", include_bytes!("../../assets/kernels/linear.fatbin")),
    ("maps", include_bytes!("../../assets/kernels/maps.fatbin")),
    ("norm", include_bytes!("../../assets/kernels/norm.fatbin")),
    ("place", include_bytes!("../../assets/kernels/place.fatbin")),
    ("points", include_bytes!("../../assets/kernels/points.fatbin")),
    ("sampler", include_bytes!("../../assets/kernels/sampler.fatbin")),
    ("sketch", include_bytes!("../../assets/kernels/sketch.fatbin")),
    ("softmax", include_bytes!("../../assets/kernels/softmax.fatbin")),
    ("track", include_bytes!("../../assets/kernels/track.fatbin")),
];

/// What the bindings are made for: calls that an older driver lacks would panic, and it could not load the kernels.
const OLDEST_DRIVER: i32 = 13000;

/// A GPU with its own stream. All its memory is freed when it is dropped.
#[derive(Debug)]
pub struct Cuda {
    id: DeviceId,
    facts: Facts,
    functions: HashMap<&'static str, CudaFunction>,
    memory: Mutex<Vec<sys::CUdeviceptr>>,
    waits: AtomicU64,
    stream: Arc<CudaStream>,
    context: Arc<CudaContext>,
}

fn failed(call: &'static str) -> impl Fn(DriverError) -> KernelError {
    move |error| KernelError::Call { call, reason: error.to_string() }
}

impl Cuda {
    /// Opens device `ordinal` and loads all kernels; says clearly why not where that can't be.
    pub fn open(ordinal: usize) -> Result<Self, KernelError> {
        if !driver_is_there() {
            return Err(KernelError::NoDriver);
        }
        let version = driver_version()?;
        if version < OLDEST_DRIVER {
            return Err(KernelError::OldDriver(version / 1000, version % 1000 / 10));
        }
        result::init().map_err(|error| KernelError::Driver(error.to_string()))?;
        let found = CudaContext::device_count().map_err(|error| KernelError::Driver(error.to_string()))?;
        let found = usize::try_from(found).unwrap_or(0);
        if ordinal >= found {
            return Err(KernelError::NoDevice { wanted: ordinal, found });
        }
        let context = CudaContext::new(ordinal).map_err(failed("opening the device"))?;
        let facts = facts(&context).map_err(failed("asking the device for its properties"))?;
        let (major, minor) = facts.capability;
        if major < 8 {
            return Err(KernelError::OldDevice { name: facts.name, major, minor });
        }
        let stream = context.new_stream().map_err(failed("making a stream"))?;
        let mut functions = HashMap::new();
        for (kernel, image) in FATBINS {
            let module =
                context.load_module(Ptx::from_binary(image.to_vec())).map_err(failed("loading the kernels"))?;
            for function in crate::check::functions_of(kernel) {
                let loaded = module.load_function(function).map_err(|_| KernelError::NoFunction(function))?;
                functions.insert(function, loaded);
            }
        }
        let (id, waits) = (DeviceId::new(), AtomicU64::new(0));
        Ok(Self { id, facts, functions, memory: Mutex::default(), waits, stream, context })
    }

    fn bind(&self) -> Result<(), KernelError> {
        self.context.bind_to_thread().map_err(failed("binding the device to the thread"))
    }

    /// Writes down what `work` launches as a graph instead of running it. `work` may launch and fill, nothing else.
    pub fn record(self: &Arc<Self>, work: impl FnOnce(&Self) -> Result<(), KernelError>) -> Result<Graph, KernelError> {
        use sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.stream.begin_capture(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).map_err(failed("beginning a graph"))?;
        let done = work(self);
        // Ended in any case: a stream left recording can do nothing else.
        let graph = self.stream.end_capture(sys::CUgraphInstantiate_flags(0));
        done?;
        let graph = graph.map_err(failed("making a graph"))?;
        let graph = graph.ok_or_else(|| KernelError::Call { call: "making a graph", reason: "it is empty".into() })?;
        graph.upload().map_err(failed("uploading a graph"))?;
        Ok(Graph { graph, device: Arc::clone(self) })
    }

    /// A mark in the stream that can tell the time.
    pub fn mark(&self) -> Result<Mark, KernelError> {
        let flags = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
        Ok(Mark(self.stream.record_event(flags).map_err(failed("recording an event"))?))
    }

    /// Device memory that nobody uses.
    pub fn free_bytes(&self) -> Result<usize, KernelError> {
        let (free, _) = self.context.mem_get_info().map_err(failed("asking for free memory"))?;
        Ok(free)
    }

    /// How often the program waited for the device so far: at copies, frames and when it asked to.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Host memory that the device copies from and to by itself.
    pub fn pinned(&self, bytes: usize) -> Result<Pinned, KernelError> {
        self.bind()?;
        let bytes = bytes.max(1);
        #[expect(unsafe_code, reason = "page-locked memory comes from the driver")]
        // SAFETY: bounds: none, it returns a new allocation of `bytes`. Order: the context is bound above. Lifetime:
        // freed once, in `Pinned::drop`. Stream: none.
        let at = unsafe { result::malloc_host(bytes, 0) }.map_err(failed("allocating host memory"))?;
        let mut pinned = Pinned { at: at.cast(), bytes, context: Arc::clone(&self.context) };
        pinned.as_mut_slice_raw().fill(std::mem::MaybeUninit::new(0));
        Ok(pinned)
    }
}

/// The newest CUDA the driver knows, 1000 times its major and 10 times its minor version.
fn driver_version() -> Result<i32, KernelError> {
    let mut version = 0;
    #[expect(unsafe_code, reason = "a call into the driver")]
    // SAFETY: bounds: it writes one i32. Order: allowed before anything else; every driver has it. Lifetime, stream: none.
    let asked = unsafe { sys::cuDriverGetVersion(&raw mut version) };
    asked.result().map_err(|error| KernelError::Driver(error.to_string()))?;
    Ok(version)
}

/// Whether the driver's library is there. Without it nothing else may be called: the bindings would panic.
fn driver_is_there() -> bool {
    #[expect(unsafe_code, reason = "the bindings mark it unsafe")]
    // SAFETY: bounds, order, stream: it only tries to open a library by its well-known names and closes it again.
    // Lifetime: loading the driver runs its own initialisers, which is what it is for.
    unsafe {
        sys::is_culib_present()
    }
}

fn facts(context: &Arc<CudaContext>) -> Result<Facts, DriverError> {
    use sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
    let multiprocessors = context.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
    Ok(Facts {
        name: context.name()?,
        capability: context.compute_capability()?,
        multiprocessors: usize::try_from(multiprocessors).unwrap_or(1),
        memory_bytes: context.total_mem()?,
    })
}

impl Device for Cuda {
    fn id(&self) -> DeviceId {
        self.id
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn allocate(&self, bytes: usize) -> Result<Span<u8>, KernelError> {
        self.bind()?;
        // No more than is asked for, so that a sanitizer sees where it ends.
        let wanted = bytes.max(1);
        #[expect(unsafe_code, reason = "device memory comes from the driver")]
        // SAFETY: bounds: none, it returns a new allocation, aligned to 256 bytes at least. Order: the context is bound
        // above. Lifetime: kept in `memory` and freed once, in `drop`. Stream: allocation is synchronous.
        let address = unsafe { result::malloc_sync(wanted) }.map_err(|error| match error.0 {
            sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                KernelError::OutOfMemory { wanted, free: self.context.mem_get_info().map_or(0, |(free, _)| free) }
            }
            _ => failed("allocating device memory")(error),
        })?;
        self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(address);
        Ok(Span::of_memory(self.id, address, bytes))
    }

    fn write(&self, to: Span<u8>, from: &[u8]) -> Result<(), KernelError> {
        check_copy(self.id, to, from.len())?;
        self.bind()?;
        #[expect(unsafe_code, reason = "a copy through the driver")]
        // SAFETY: bounds: both ends have the same length, checked above. Order: in stream order, and waited for below.
        // Lifetime: `from` is borrowed until the wait is over; device memory lives as long as `self`. Stream: ours.
        unsafe { result::memcpy_htod_async(to.address(), from, self.stream.cu_stream()) }
            .map_err(failed("copying to the device"))?;
        self.synchronize()
    }

    fn read(&self, from: Span<u8>, to: &mut [u8]) -> Result<(), KernelError> {
        check_copy(self.id, from, to.len())?;
        self.bind()?;
        #[expect(unsafe_code, reason = "a copy through the driver")]
        // SAFETY: bounds: both ends have the same length, checked above. Order: after all that is in the stream, and
        // waited for below. Lifetime: `to` is borrowed until the wait is over. Stream: ours.
        unsafe { result::memcpy_dtoh_async(to, from.address(), self.stream.cu_stream()) }
            .map_err(failed("copying from the device"))?;
        self.synchronize()
    }

    fn fill(&self, to: Span<u8>, byte: u8) -> Result<(), KernelError> {
        check_copy(self.id, to, to.len())?;
        self.bind()?;
        #[expect(unsafe_code, reason = "a fill through the driver")]
        // SAFETY: bounds: the span's own length. Order: in stream order. Lifetime: device memory lives as long as
        // `self`. Stream: ours.
        unsafe { result::memset_d8_async(to.address(), byte, to.len(), self.stream.cu_stream()) }
            .map_err(failed("filling device memory"))
    }

    fn launch(&self, launch: &Launch) -> Result<(), KernelError> {
        if launch.device != self.id {
            return Err(KernelError::OtherDevice { kernel: launch.function });
        }
        let function = self.functions.get(launch.function).ok_or(KernelError::NoFunction(launch.function))?;
        self.bind()?;
        let [x, y, z] = launch.grid;
        let mut params = [launch.params.words().as_ptr().cast_mut().cast::<c_void>()];
        #[expect(unsafe_code, reason = "a launch through the driver")]
        // SAFETY: bounds: only typed launchers make a `Launch`; they check every buffer against the shape, and the
        // kernels stay within the shape (held by the guard zones of the parity check). The parameter block is at least
        // as large as the kernel's, whose size both sides assert. Order: in stream order. Lifetime: the parameters are
        // copied by the call; device memory lives as long as `self`. Stream: ours.
        unsafe {
            result::launch_kernel(
                function.cu_function(),
                (x, y, z),
                (launch.threads, 1, 1),
                launch.shared_bytes,
                self.stream.cu_stream(),
                &mut params,
            )
        }
        .map_err(failed(launch.function))
    }

    fn synchronize(&self) -> Result<(), KernelError> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.stream.synchronize().map_err(failed("waiting for the device"))
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // Nothing may still work on the memory; errors have no one to go to.
        let _ = self.stream.synchronize();
        for address in self.memory.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).drain(..) {
            #[expect(unsafe_code, reason = "device memory goes back to the driver")]
            // SAFETY: bounds: an address that `allocate` got. Order: after the wait above. Lifetime: drained, so freed
            // once, and spans that still name it can't be used without a device of their id. Stream: none.
            let _ = unsafe { result::free_sync(address) };
        }
    }
}

/// A point in the stream's time.
#[derive(Debug)]
pub struct Mark(CudaEvent);

impl Mark {
    /// Milliseconds from this mark to a later one; waits for both.
    pub fn until_ms(&self, later: &Self) -> Result<f32, KernelError> {
        self.0.elapsed_ms(&later.0).map_err(failed("reading the device's clock"))
    }
}

/// A frame's launches written down, to be repeated with one call.
pub struct Graph {
    graph: CudaGraph,
    /// Whose memory the launches work on: it stays while they can be repeated.
    device: Arc<Cuda>,
}

#[expect(unsafe_code, reason = "the driver's graph is a pointer")]
// SAFETY: bounds, order, stream: no matter. Lifetime: it owns the graph. The driver lets any thread use a graph, only not
// two at once, and it can't be shared, as it is not Sync.
unsafe impl Send for Graph {}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("device", &self.device.id).finish_non_exhaustive()
    }
}

impl Graph {
    /// Asks for one more run; returns before it is done.
    pub fn replay(&self) -> Result<(), KernelError> {
        self.graph.launch().map_err(failed("replaying a graph"))
    }

    /// A frame: copies in, replays, copies out and waits, once.
    pub fn frame(
        &self,
        incoming: &[(impl Borrow<Pinned>, Span<u8>)],
        outgoing: &mut [(Span<u8>, impl BorrowMut<Pinned>)],
    ) -> Result<(), KernelError> {
        let device = &self.device;
        let stream = device.stream.cu_stream();
        for (from, to) in incoming {
            check_copy(device.id, *to, to.len())?;
            require(
                to.len() <= from.borrow().bytes,
                "frame",
                "incoming length",
                "at most the pinned memory's",
                to.len(),
            )?;
        }
        for (from, to) in outgoing.iter() {
            check_copy(device.id, *from, from.len())?;
            require(
                from.len() <= to.borrow().bytes,
                "frame",
                "outgoing length",
                "at most the pinned memory's",
                from.len(),
            )?;
        }
        device.bind()?;
        let mut asked = || -> Result<(), KernelError> {
            for (from, to) in incoming {
                #[expect(unsafe_code, reason = "a copy through the driver")]
                // SAFETY: bounds: checked above. Order: in stream order, before the graph. Lifetime: `from` is borrowed
                // until the wait below, which happens in any case. Stream: the device's.
                unsafe { result::memcpy_htod_async(to.address(), &from.borrow().as_slice()[..to.len()], stream) }
                    .map_err(failed("copying to the device"))?;
            }
            self.replay()?;
            for (from, to) in outgoing.iter_mut() {
                let (len, to) = (from.len(), to.borrow_mut());
                #[expect(unsafe_code, reason = "a copy through the driver")]
                // SAFETY: bounds: checked above. Order: in stream order, after the graph. Lifetime: `to` is borrowed
                // until the wait below, which happens in any case. Stream: the device's.
                unsafe { result::memcpy_dtoh_async(&mut to.as_mut_slice()[..len], from.address(), stream) }
                    .map_err(failed("copying from the device"))?;
            }
            Ok(())
        };
        let asked = asked();
        device.synchronize()?;
        asked
    }
}

/// Page-locked host memory.
#[derive(Debug)]
pub struct Pinned {
    at: *mut u8,
    bytes: usize,
    context: Arc<CudaContext>,
}

#[expect(unsafe_code, reason = "it holds a pointer")]
// SAFETY: bounds, order, stream: no matter. Lifetime: it owns the memory it points to, like a Vec; the driver lets any
// thread use and free it.
unsafe impl Send for Pinned {}

impl Pinned {
    fn as_mut_slice_raw(&mut self) -> &mut [std::mem::MaybeUninit<u8>] {
        #[expect(unsafe_code, reason = "memory from the driver as a slice")]
        // SAFETY: bounds: `at` points to `bytes` bytes. Order, stream: copies that use it are waited for while it is
        // borrowed (`Graph::frame`). Lifetime: borrowed from self, which owns it.
        unsafe {
            std::slice::from_raw_parts_mut(self.at.cast(), self.bytes)
        }
    }

    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "memory from the driver as a slice")]
        // SAFETY: bounds: `at` points to `bytes` bytes, set to zero when they were allocated. Order, stream: copies
        // that write it are waited for while it is borrowed mutably. Lifetime: borrowed from self, which owns it.
        unsafe {
            std::slice::from_raw_parts(self.at, self.bytes)
        }
    }

    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        #[expect(unsafe_code, reason = "memory from the driver as a slice")]
        // SAFETY: as in `as_slice`, and the borrow is mutable.
        unsafe {
            std::slice::from_raw_parts_mut(self.at, self.bytes)
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            #[expect(unsafe_code, reason = "page-locked memory goes back to the driver")]
            // SAFETY: bounds: the address that `malloc_host` gave. Order: no copy is under way, all are waited for.
            // Lifetime: dropped once. Stream: none.
            let _ = unsafe { result::free_host(self.at.cast()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_there_is_a_clear_error() {
        match Cuda::open(0) {
            Ok(cuda) => println!("a device is here: {}", cuda.facts().name),
            Err(error) => assert!(error.is_absence() && error.to_string().contains("use the CPU"), "{error}"),
        }
    }
}
