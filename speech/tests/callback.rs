//! The callback's promise, with an allocator that ends the program when it is broken.

use std::time::Instant;

use assert_no_alloc::AllocDisabler;
use otherglass_speech::microphone::line;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn the_callback_neither_allocates_nor_frees_full_or_not() {
    let (mut feeder, mut drain) = line(48_000, 2, 0.1, Instant::now()).unwrap();
    let shorts = vec![1_234_i16; 9_000];
    let floats = vec![0.25_f32; 480];
    let mut out = Vec::new();
    for round in 0..20 {
        feeder.feed(&shorts); // more than the ring holds
        feeder.feed(&floats);
        feeder.feed(&[0_u8; 3]);
        if round % 3 == 0 {
            drain.read(Instant::now(), &mut out).unwrap();
        }
    }
    assert!(drain.lost_samples() > 0 && !out.is_empty());
}

/// The guard must be able to go off, or the test above proves nothing.
#[test]
fn the_guard_sees_an_allocation() {
    if std::env::var_os("OTHERGLASS_BREAK_THE_PROMISE").is_some() {
        assert_no_alloc::assert_no_alloc(|| drop(std::hint::black_box(vec![1_u8; 64])));
        return;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "the_guard_sees_an_allocation"]).env("OTHERGLASS_BREAK_THE_PROMISE", "1");
    assert!(!again.output().unwrap().status.success(), "an allocation inside the guard went unnoticed");
}
