//! A renderer's frame in small: pinned memory in, one replay, pinned memory out, one wait; nothing allocated.
//!
//! Every frame has another picture and must give that picture's result, so a copy that is late or missing shows. Then
//! what the driver says of free memory, and how often the program's allocator was asked, must be what it was.

use std::sync::Arc;
use std::time::Instant;

use crate::cuda::Cuda;
use crate::device::{ALIGNMENT, Device};
use crate::error::KernelError;
use crate::frame_in::{Format, FrameToRgb};
use crate::kernel::{Kernel, Rows};
use crate::values::{Element, Random};

use super::parity::Outcome;

/// Pictures that take turns.
const PICTURES: usize = 3;

/// Runs `frames` frames. `allocations` counts what the program allocated so far.
pub fn check(cuda: &Arc<Cuda>, frames: usize, allocations: &dyn Fn() -> u64) -> Result<Outcome, KernelError> {
    let kernel = FrameToRgb { width: 64, height: 48, format: Format::Yuyv, mirrored: true };
    let (bytes, rgb) = (kernel.camera_len(), kernel.width * kernel.height * 3);
    let memory = cuda.allocate(bytes.next_multiple_of(ALIGNMENT) + rgb)?;
    let spans = [memory.part(0, bytes)?, memory.part(bytes.next_multiple_of(ALIGNMENT), rgb)?];
    let launches = kernel.launches(&kernel.buffers(&spans)?, cuda.facts())?;

    let mut random = Random::new(11);
    let mut pictures = Vec::new();
    for _ in 0..PICTURES {
        let mut picture = cuda.pinned(bytes)?;
        picture.as_mut_slice().iter_mut().for_each(|byte| *byte = random.bits() as u8);
        let values = Element::U8.decode(picture.as_slice());
        let want: Vec<u8> = kernel.twin(&[values], Rows::ALL)[0].iter().map(|expected| expected.value as u8).collect();
        pictures.push((picture, want));
    }
    let mut out = cuda.pinned(rgb)?;
    let graph = cuda.record(|cuda| launches.iter().try_for_each(|launch| cuda.launch(launch)))?;

    let mut wrong = 0_usize;
    let mut run = |frames: usize| -> Result<(), KernelError> {
        for frame in 0..frames {
            let (picture, want) = &pictures[frame % PICTURES];
            graph.frame(&[(picture, spans[0])], &mut [(spans[1], &mut out)])?;
            wrong += usize::from(out.as_slice() != &want[..]);
        }
        Ok(())
    };
    // What the driver sets up at the first replays is not the steady state.
    run(PICTURES)?;
    let before = (cuda.free_bytes()?, allocations());
    let start = Instant::now();
    run(frames)?;
    let each_us = start.elapsed().as_secs_f64() * 1e6 / frames as f64;
    let after = (cuda.free_bytes()?, allocations());

    let mut faults = Vec::new();
    if wrong > 0 {
        faults.push(format!("{wrong} frames were not their own picture's"));
    }
    if before.0 != after.0 {
        faults.push(format!("{} bytes of device memory were free before, {} after", before.0, after.0));
    }
    if before.1 != after.1 {
        faults.push(format!("the program allocated {} times", after.1 - before.1));
    }
    let shape = format!("{frames} frames of 64x48, {each_us:.1} us each");
    Ok(Outcome { kernel: "replay", shape, values: frames * rgb, worst: 0.0, faults })
}
