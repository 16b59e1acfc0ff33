//! What the launchers need of a device, whether it is a GPU or its emulation: memory, launches, one order.
//!
//! Memory lives as long as its device and is never given back before; a [`Span`] names its device and every use is
//! checked against it. So safe code can't reach freed memory, and a launch, which only typed launchers can make, stays
//! within the spans it was given.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};

use bytemuck::{NoUninit, Pod};

use crate::error::{KernelError, require};

/// Buffers in an arena begin at multiples of this.
pub const ALIGNMENT: usize = 256;

/// Which device a span or launch belongs to; no two in one process are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId(u32);

impl DeviceId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Facts {
    pub name: String,
    pub capability: (i32, i32),
    pub multiprocessors: usize,
    pub memory_bytes: usize,
}

impl Facts {
    /// For planning where there is no device: an H100.
    #[must_use]
    pub fn assumed() -> Self {
        Self { name: "assumed".into(), capability: (9, 0), multiprocessors: 132, memory_bytes: 80 << 30 }
    }
}

/// `len` values of `T` in a device's memory.
#[derive(Debug)]
pub struct Span<T> {
    device: DeviceId,
    address: u64,
    len: usize,
    of: PhantomData<T>,
}

impl<T> Clone for Span<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Span<T> {}

impl Span<u8> {
    /// Only devices make spans out of nothing, from memory that is theirs.
    pub(crate) fn of_memory(device: DeviceId, address: u64, len: usize) -> Self {
        Self { device, address, len, of: PhantomData }
    }

    /// A part of it, as values of `T`.
    pub fn part<T: Pod>(self, offset: usize, len: usize) -> Result<Span<T>, KernelError> {
        let bytes = len.checked_mul(size_of::<T>());
        let fits = bytes.and_then(|bytes| offset.checked_add(bytes)).is_some_and(|end| end <= self.len);
        require(fits, "span", "end", format!("at most {}", self.len), format!("{offset} + {len} values"))?;
        let address = self.address + offset as u64;
        let size = size_of::<T>() as u64;
        require(address.is_multiple_of(size), "span", "address", format!("a multiple of {size}"), address)?;
        Ok(Span { device: self.device, address, len, of: PhantomData })
    }

    /// All of it as values of `T`.
    pub fn cast<T: Pod>(self) -> Result<Span<T>, KernelError> {
        self.part(0, self.len / size_of::<T>())
    }
}

impl<T> Span<T> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }
    #[must_use]
    pub fn bytes(&self) -> Span<u8> {
        Span { device: self.device, address: self.address, len: self.len * size_of::<T>(), of: PhantomData }
    }
    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    /// What a launcher asks of each of its buffers: enough values, at an address fit for 16-byte accesses.
    pub(crate) fn demand(&self, kernel: &'static str, what: &'static str, len: usize) -> Result<u64, KernelError> {
        require(self.len >= len, kernel, what, format!("at least {len} values"), self.len)?;
        require(self.address.is_multiple_of(16), kernel, what, "aligned to 16 bytes", self.address)?;
        Ok(self.address)
    }
}

/// A kernel's parameter block as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    words: [u64; 16],
    bytes: usize,
}

impl Params {
    fn of<P: NoUninit>(params: &P) -> Self {
        let from = bytemuck::bytes_of(params);
        let mut words = [0; 16];
        bytemuck::cast_slice_mut(&mut words)[..from.len()].copy_from_slice(from);
        Self { words, bytes: from.len() }
    }
    pub(crate) fn words(&self) -> &[u64; 16] {
        &self.words
    }
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// One launch of a kernel, its buffers checked. Made by typed launchers alone.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(crate) device: DeviceId,
    pub(crate) function: &'static str,
    pub(crate) grid: [u32; 3],
    pub(crate) threads: u32,
    pub(crate) shared_bytes: u32,
    pub(crate) params: Params,
}

/// How many blocks of how many threads with how many bytes of shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub blocks: [usize; 3],
    pub threads: u32,
    pub shared_bytes: usize,
}

impl Launch {
    /// `devices`: of all its buffers.
    pub(crate) fn new<K: crate::Kernel, P: NoUninit>(
        function: &'static str,
        grid: Grid,
        params: &P,
        devices: &[DeviceId],
    ) -> Result<Self, KernelError> {
        let device = devices[0];
        if devices.iter().any(|&other| other != device) {
            return Err(KernelError::OtherDevice { kernel: K::NAME });
        }
        let [x, y, z] = grid.blocks;
        let allowed = (1..=0x7fff_ffff).contains(&x) && (1..=65535).contains(&y) && (1..=65535).contains(&z);
        require(allowed, K::NAME, "grid", "1..2^31, 1..65536, 1..65536", format!("{x}, {y}, {z}"))?;
        require(grid.shared_bytes <= 48 * 1024, K::NAME, "shared memory", "at most 48 KiB", grid.shared_bytes)?;
        Ok(Self {
            device,
            function,
            grid: [x as u32, y as u32, z as u32],
            threads: grid.threads,
            shared_bytes: grid.shared_bytes as u32,
            params: Params::of(params),
        })
    }

    #[must_use]
    pub fn function(&self) -> &'static str {
        self.function
    }
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.grid.iter().map(|&n| n as usize).product()
    }
}

/// Memory and launches, all in the order they are asked for.
pub trait Device {
    fn id(&self) -> DeviceId;
    fn facts(&self) -> &Facts;
    /// Memory that lives as long as the device, aligned to 16 bytes at least. For loading, never for a frame.
    fn allocate(&self, bytes: usize) -> Result<Span<u8>, KernelError>;
    /// Copies to the device; `from` is free again when it returns.
    fn write(&self, to: Span<u8>, from: &[u8]) -> Result<(), KernelError>;
    /// Waits for all that was asked before, then copies from the device.
    fn read(&self, from: Span<u8>, to: &mut [u8]) -> Result<(), KernelError>;
    fn fill(&self, to: Span<u8>, byte: u8) -> Result<(), KernelError>;
    fn launch(&self, launch: &Launch) -> Result<(), KernelError>;
    /// Waits until all is done, and tells of errors on the way.
    fn synchronize(&self) -> Result<(), KernelError>;
}

/// Whether a copy may happen: both ends the same length, the span this device's.
pub(crate) fn check_copy(device: DeviceId, span: Span<u8>, len: usize) -> Result<(), KernelError> {
    if span.device != device {
        return Err(KernelError::OtherDevice { kernel: "copy" });
    }
    require(span.len == len, "copy", "length", span.len, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stays_inside_and_aligned() {
        let all = Span::of_memory(DeviceId::new(), 4096, 100);
        assert_eq!(all.part::<f32>(4, 24).expect("fits").address(), 4100);
        assert!(all.part::<f32>(4, 25).is_err() && all.part::<f32>(2, 4).is_err());
        assert!(all.part::<f32>(0, usize::MAX / 2).is_err(), "no wrapping around");
        assert!(all.part::<u8>(usize::MAX, 2).is_err());
        assert!(all.part::<f32>(4, 4).expect("fits").demand("test", "buffer", 4).is_err(), "4100 is not aligned");
    }
}
