use super::*;
use crate::device::DeviceId;

#[test]
fn other_head_sizes_and_short_strides_are_refused() {
    let memory = Span::of_memory(DeviceId::new(), 1 << 20, 1 << 20);
    let span = memory.part::<f16>(0, 1 << 19).expect("inside");
    let buffers = AttentionBuffers { q: span, k: span, v: span, out: span };
    let refused = |attention: Attention| attention.launches(&buffers, &Facts::assumed()).is_err();
    assert!(!refused(Attention::new(2, 64, 100, 77)));
    assert!(refused(Attention::new(2, 48, 100, 77)));
    assert!(refused(Attention { strides: [128, 128, 120, 128], ..Attention::new(2, 64, 100, 77) }));
    assert!(refused(Attention::new(2, 64, 100, 0)));
    assert!(refused(Attention { scale: 0.0, ..Attention::new(2, 64, 100, 77) }));
}
