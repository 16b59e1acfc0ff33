use super::*;

fn shape(outputs: usize, kernel: usize, stride: usize) -> Shape {
    Shape { outputs, kernel, stride, activation: Activation::Relu }
}

#[test]
fn a_small_net_is_planned_and_its_tensors_share_memory() {
    let mut net = Net::default();
    let picture = net.input(16, 24, 3);
    let x1 = net.conv("stem", (picture, None), None, shape(16, 3, 1)).expect("fits");
    let x2 = net.conv("down", (x1, None), None, shape(32, 3, 2)).expect("fits");
    let a = net.conv("first", (x2, None), None, shape(32, 3, 1)).expect("fits");
    let x2 = net.conv("second", (a, None), Some(x2), shape(32, 3, 1)).expect("fits");
    let out = net.conv("up", (x1, Some(x2)), None, shape(8, 1, 1)).expect("doubled");
    net.keep(out);
    assert_eq!(net.size(out), (16, 24, 8));
    let plan = net.plan(&Facts::assumed());
    assert!(plan.arena_bytes < plan.unshared_bytes, "{plan}");
    assert_eq!(plan.steps.len(), 5);
    assert_eq!(plan.work().flops, 2 * 384 * (3 * 9 * 16 + 48 * 8) + 2 * 96 * 9 * (16 * 32 + 2 * 32 * 32));
    assert!(plan.to_string().contains("5 launches a frame"));
    assert_eq!([picture, x1, x2, out].map(|tensor| net.steps_to(tensor)), [0, 1, 4, 5]);
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let mut net = Net::default();
    let (a, b, c) = (net.input(8, 8, 4), net.input(3, 4, 4), net.input(8, 8, 5));
    assert!(net.conv("join", (a, Some(b)), None, shape(8, 1, 1)).is_err(), "neither the size nor half of it");
    assert!(net.conv("add", (a, None), Some(c), shape(4, 1, 1)).is_err(), "4 channels plus 5");
}
