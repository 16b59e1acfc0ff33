use super::conv::{Addend, Conv, Grid};

/// Numbers that look random, -0.5..0.5.
fn numbers(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    }
}

fn filled(height: usize, width: usize, channels: usize, seed: u32) -> Grid {
    let mut grid = Grid::new(height, width, channels);
    let mut next = numbers(seed);
    for y in 0..height {
        grid.row_mut(y).fill_with(&mut next);
    }
    grid
}

/// The definition, in f64: zeros outside.
fn by_definition(grid: &Grid, weights: &[f32], kernel: usize, at: (usize, usize), output: usize) -> f64 {
    let mut sum = 0.0;
    for ky in 0..kernel {
        for kx in 0..kernel {
            let y = (at.0 + ky).wrapping_sub(kernel / 2);
            let x = (at.1 + kx).wrapping_sub(kernel / 2);
            if y < grid.height && x < grid.width {
                for (input, &value) in grid.pixel(y, x).iter().enumerate() {
                    let weight = weights[((output * grid.channels + input) * kernel + ky) * kernel + kx];
                    sum += f64::from(value) * f64::from(weight);
                }
            }
        }
    }
    sum
}

#[test]
fn convolutions_are_what_they_are_defined_as() {
    for (inputs, outputs, kernel, stride) in
        [(3, 32, 3, 2), (16, 16, 3, 1), (9, 40, 1, 1), (7, 5, 3, 1), (24, 56, 1, 1), (40, 64, 3, 2), (112, 100, 3, 1)]
    {
        let mut next = numbers(outputs as u32);
        let weights: Vec<f32> = (0..outputs * inputs * kernel * kernel).map(|_| next()).collect();
        let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
        // Not a multiple of what is computed together, where that can be.
        let rows = if stride == 1 { 14 } else { 12 };
        let grid = filled(rows, 16, inputs, 7);
        let (height, width) = (rows / stride, 16 / stride);
        let (same, half) = (filled(height, width, outputs, 8), filled(height / 2, width / 2, outputs, 9));
        for relu in [false, true] {
            let conv = Conv::new(&weights, &bias, inputs, kernel, stride, relu);
            let mut out = Grid::default();
            for addend in [Addend::None, Addend::Same(&same), Addend::Doubled(&half)] {
                conv.run(&grid, addend, &mut out);
                assert_eq!((out.height, out.width, out.channels), (height, width, outputs));
                for y in 0..height {
                    for x in 0..width {
                        for (k, &bias) in bias.iter().enumerate() {
                            let added = match addend {
                                Addend::None => 0.0,
                                Addend::Same(grid) => grid.pixel(y, x)[k],
                                Addend::Doubled(grid) => grid.pixel(y / 2, x / 2)[k],
                            };
                            let at = (y * stride, x * stride);
                            let sum = by_definition(&grid, &weights, kernel, at, k) + f64::from(bias + added);
                            let want = if relu { sum.max(0.0) } else { sum };
                            let got = f64::from(out.pixel(y, x)[k]);
                            assert!((got - want).abs() < 1e-4, "{inputs}->{outputs} at {y},{x},{k}: {got}, not {want}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_border_stays_zero_when_a_grid_is_used_again() {
    let conv = Conv::new(&[1.0; 9], &[5.0], 1, 3, 1, false);
    let input = Grid::new(4, 4, 1);
    let (mut once, mut twice) = (Grid::default(), Grid::default());
    conv.run(&input, Addend::None, &mut once);
    conv.run(&once, Addend::None, &mut twice);
    // A corner sees four fives and its own bias; the middle nine.
    assert_eq!((twice.pixel(0, 0)[0], twice.pixel(1, 1)[0]), (25.0, 50.0));
}
