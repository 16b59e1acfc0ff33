//! Shapes of the parity table and the bench table.

use super::{Conv, Input};
use crate::common::Activation::{None, Relu, Silu};
use crate::common::SHAPES;

pub fn parity() -> Vec<Conv> {
    let mut rows = vec![
        // One pixel; odd sizes; channels that are no multiple of 8.
        Conv::new((1, 1), 3, 5, 3, 1).with(Silu),
        Conv::new((1, 1), 8, 8, 1, 1),
        Conv::new((7, 5), 13, 17, 3, 1).with(Relu),
        Conv::new((9, 11), 3, 32, 3, 2).with(Relu),
        Conv::new((2, 2), 24, 9, 3, 2).with(Silu).adding(),
        Conv { batch: 3, ..Conv::new((5, 3), 10, 10, 3, 1).adding() },
        // The house networks' kinds of layers.
        Conv::new((12, 16), 32, 32, 3, 1).with(Relu).adding(),
        Conv::unshuffled((12, 16), 14, 16, 1).with(Relu),
        Conv::unshuffled((6, 10), 5, 12, 3),
        Conv::new((6, 8), 208, 208, 3, 1).with(Relu),
        Conv::new((12, 16), 144, 144, 1, 1).with(Relu).beside(208, true),
        Conv { a: Input { channels: 20, doubled: true }, ..Conv::new((8, 6), 20, 24, 3, 1).with(Relu) },
        Conv { a: Input { channels: 11, doubled: true }, ..Conv::new((8, 6), 11, 24, 1, 1).beside(3, false) },
        Conv::new((6, 8), 24, 56, 1, 1),
    ];
    // Every tile, at sizes that fill none of them.
    for tile in 0..SHAPES.len() {
        rows.push(Conv { tile: Some(tile), ..Conv::new((11, 13), 40, 72, 3, 1).with(Silu).adding() });
        rows.push(Conv { tile: Some(tile), ..Conv::new((6, 6), 6, 6, 3, 2).beside(9, true) });
        rows.push(Conv { tile: Some(tile), ..Conv::new((5, 4), 9, 136, 1, 1).with(Relu) });
    }
    rows
}

pub fn bench() -> Vec<Conv> {
    let house = [
        Conv::new((96, 128), 12, 48, 3, 2).with(Relu),
        Conv::new((48, 64), 48, 48, 3, 1).with(Relu).adding(),
        Conv::new((24, 32), 80, 80, 3, 1).with(Relu).adding(),
        Conv::new((12, 16), 144, 144, 3, 1).with(Relu).adding(),
        Conv::new((6, 8), 208, 208, 3, 1).with(Relu).adding(),
        Conv::unshuffled((192, 256), 14, 16, 1).with(Relu),
        Conv::new((96, 128), 16, 16, 3, 1).with(Relu),
        Conv::new((48, 64), 40, 40, 3, 1).with(Relu).adding(),
        Conv::new((24, 32), 64, 64, 3, 1).with(Relu).adding(),
        Conv::new((96, 128), 16, 24, 1, 1).with(Relu).beside(40, true),
    ];
    let later = [
        Conv::new((64, 64), 320, 320, 3, 1),
        Conv::new((32, 32), 640, 640, 3, 1),
        Conv::new((16, 16), 1280, 1280, 3, 1),
        Conv::new((8, 8), 1280, 1280, 3, 1),
        Conv::new((512, 512), 64, 64, 3, 1).with(Relu).adding(),
    ];
    // By estimate, and with every tile beside it.
    let all = house.into_iter().chain(later);
    all.flat_map(|conv| {
        let forced = (0..SHAPES.len()).map(|tile| Conv { tile: Some(tile), ..conv.clone() });
        std::iter::once(conv.clone()).chain(forced).collect::<Vec<_>>()
    })
    .map(|conv| if conv.activation == None { Conv { activation: Silu, ..conv } } else { conv })
    .collect()
}
