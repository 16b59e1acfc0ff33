//! The convolution in plain loops: what the kernel must compute.

use super::Conv;
use crate::common::padded;
use crate::kernel::{Expected, Rows};

/// `inputs`: a, b where there is one, weights (packed), bias, residual where there is one.
pub fn convolve(conv: &Conv, inputs: &[Vec<f64>], rows: Rows) -> Vec<Expected> {
    let mut inputs = inputs.iter();
    let mut next = || inputs.next().expect("all inputs");
    let a = next();
    let b = conv.b.map(|_| next());
    let (weights, bias) = (next(), next());
    let residual = conv.residual.then(next);

    let (a_channels, b_channels) = (padded(conv.a.channels), conv.b.map_or(0, |b| padded(b.channels)));
    let channels = a_channels + b_channels;
    let outputs = padded(conv.outputs);
    let (out_height, out_width) = (conv.out_height(), conv.out_width());
    let mut out = vec![Expected::ANY; conv.out_len()];

    // What stands at a place of the input, zero outside.
    let at = |n: usize, y: i64, x: i64, c: usize| -> f64 {
        if y < 0 || x < 0 || y >= conv.height as i64 || x >= conv.width as i64 {
            return 0.0;
        }
        let (values, doubled, count, c) = match (b, conv.b) {
            (Some(b), Some(input)) if c >= a_channels => (b, input.doubled, b_channels, c - a_channels),
            _ => (a, conv.a.doubled, a_channels, c),
        };
        let shift = usize::from(doubled);
        let (y, x) = (y as usize >> shift, x as usize >> shift);
        values[((n * (conv.height >> shift) + y) * (conv.width >> shift) + x) * count + c]
    };

    for n in 0..conv.batch {
        for y in 0..out_height {
            for x in 0..out_width {
                let pixel = (n * out_height + y) * out_width + x;
                if !rows.wants(pixel) {
                    continue;
                }
                for o in 0..outputs {
                    let (mut sum, mut magnitude) = (0.0, 0.0);
                    for i in 0..conv.kernel {
                        for j in 0..conv.kernel {
                            let row = (y * conv.stride + i) as i64 - conv.pad as i64;
                            let column = (x * conv.stride + j) as i64 - conv.pad as i64;
                            for c in 0..channels {
                                let weight = weights[((o * conv.kernel + i) * conv.kernel + j) * channels + c];
                                let term = weight * at(n, row, column, c);
                                sum += term;
                                magnitude += term.abs();
                            }
                        }
                    }
                    let more = [bias[o], residual.map_or(0.0, |residual| residual[pixel * outputs + o])];
                    let before: f64 = sum + more[0] + more[1];
                    magnitude += more[0].abs() + more[1].abs();
                    let terms = conv.kernel * conv.kernel * channels + 2;
                    let value = conv.activation.of(before);
                    let error = conv.activation.error(before, Expected::summed(terms, magnitude));
                    out[pixel * outputs + o] = Expected { value, tolerance: Expected::rounded(value) + error };
                }
            }
        }
    }
    out
}
