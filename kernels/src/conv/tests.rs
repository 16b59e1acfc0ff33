use super::*;

#[test]
fn buffers_of_another_size_are_refused_by_name() {
    let conv = Conv::new((4, 4), 8, 8, 3, 1).adding();
    let memory = Span::of_memory(DeviceId::new(), 1 << 20, 1 << 16);
    let span = |len| memory.part::<f16>(0, len).expect("inside");
    let mut buffers = ConvBuffers {
        a: span(128),
        b: None,
        weights: span(conv.weights_len()),
        bias: memory.part(0, 8).expect("inside"),
        residual: Some(span(128)),
        out: span(128),
    };
    let facts = Facts::assumed();
    assert_eq!(conv.launches(&buffers, &facts).expect("all fits").len(), 1);
    buffers.out = span(127);
    let error = conv.launches(&buffers, &facts).expect_err("too short").to_string();
    assert_eq!(error, "conv: out must be at least 128 values, it is 127");
    buffers.out = span(128);
    buffers.residual = None;
    assert!(conv.launches(&buffers, &facts).is_err());
    buffers.residual = Some(Span::of_memory(DeviceId::new(), 4096, 256).cast().expect("f16"));
    assert!(matches!(conv.launches(&buffers, &facts), Err(KernelError::OtherDevice { .. })));
}

#[test]
fn an_odd_doubled_input_is_refused() {
    let conv = Conv { a: Input { channels: 8, doubled: true }, ..Conv::new((5, 4), 8, 8, 3, 1) };
    assert!(conv.check().is_err());
}

#[test]
fn weights_are_packed_by_tap_with_zeros_between() {
    let conv = Conv::new((4, 4), 2, 1, 3, 1).beside(1, false);
    let weights: Vec<f32> = (0..27).map(|i| i as f32 + 1.0).collect();
    let packed = conv.pack(&weights);
    assert_eq!(packed.len(), 8 * 9 * 16);
    // Tap 4 of channel 1 of a, and of b's only channel, which comes after a's padding.
    assert_eq!(packed[4 * 16 + 1].to_f32(), 9.0 + 4.0 + 1.0);
    assert_eq!(packed[4 * 16 + 8].to_f32(), 18.0 + 4.0 + 1.0);
    assert_eq!(packed.iter().filter(|w| w.to_f32() != 0.0).count(), 27);
}
