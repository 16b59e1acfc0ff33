use super::*;
use crate::values::Random;

fn inputs(kernel: &Composite) -> Vec<Vec<f64>> {
    let mut random = Random::new(3);
    let fill = |operand: &Operand, random: &mut Random| match &operand.role {
        crate::kernel::Role::Input(fill) => {
            Some(operand.element.decode(&fill.bytes(operand.element, operand.len, random)))
        }
        _ => None,
    };
    kernel.operands().iter().filter_map(|operand| fill(operand, &mut random)).collect()
}

#[test]
fn without_a_change_the_camera_is_copied() {
    let kernel =
        Composite { width: 40, height: 30, model_width: 16, model_height: 12, world_on: false, changed: false };
    let inputs = inputs(&kernel);
    let out = &kernel.twin(&inputs, Rows::ALL)[0];
    for (i, expected) in out.iter().enumerate().filter(|(i, _)| i % 4 < 3) {
        assert!((expected.value - inputs[0][i / 4 * 3 + i % 4]).abs() < 1e-9, "{i}");
    }
}

#[test]
fn an_axis_meets_the_centres_and_stays_inside() {
    let axis = Axis::new(8, 4, 0.5, 0.0);
    assert_eq!(axis.low, [0, 0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(axis.weight[..4], [0.0, 0.25, 0.75, 0.25]);
    assert_eq!((axis.low[7], axis.weight[7]), (3, 0.0));
    // Two model pixels beside the picture at either end.
    let barred = Axis::new(8, 8, 0.5, 2.0);
    assert_eq!(barred.low, [2, 2, 2, 3, 3, 4, 4, 5]);
    assert_eq!((barred.weight[0], barred.weight[7]), (0.0, 0.0));
}
