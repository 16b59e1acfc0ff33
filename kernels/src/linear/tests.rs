use super::*;
use crate::device::DeviceId;

#[test]
fn rows_shorter_than_their_stride_are_refused() {
    let linear = Linear { a_stride: 16, ..Linear::new(4, 24, 8) };
    let memory = Span::of_memory(DeviceId::new(), 1 << 20, 1 << 16);
    let span = memory.part::<f16>(0, 1024).expect("inside");
    let bias = Some(memory.part(0, 8).expect("inside"));
    let buffers = LinearBuffers { a: span, weights: span, bias, residual: None, out: span };
    let facts = Facts::assumed();
    assert!(linear.launches(&buffers, &facts).is_err());
    let fitting = Linear { a_stride: 24, ..linear };
    assert_eq!(fitting.launches(&buffers, &facts).expect("fits")[0].function(), "linear_few");
    let without = LinearBuffers { bias: None, ..buffers };
    assert!(fitting.launches(&without, &facts).is_err(), "a bias was declared");
}
