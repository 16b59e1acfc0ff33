//! What follows from a body in plain f64, for the twins of all kernels that include `body.cuh`.

/// The frame of the shoulders of a followed body (see `track`), whose lengths are multiplied by `unit`: origin, and the
/// axes across, up and forward.
pub fn shoulders(body: &[f64], unit: f64) -> [[f64; 2]; 4] {
    let at = |point: usize| [body[2 * point] * unit, body[2 * point + 1] * unit];
    let (right, left) = (at(2), at(3));
    let mut across = [left[0] - right[0], left[1] - right[1]];
    if across[0] < 0.0 {
        across = across.map(|x| -x);
    }
    let ((sin, cos), usual) = (body[37].clamp(-0.9, 0.9).sin_cos(), 2.3 * body[36] * unit);
    let apart = across[0].hypot(across[1]);
    let width = (apart / cos).clamp(0.8 * usual, 1.3 * usual);
    let along = across.map(|x| x / apart.max(1e-6));
    // Up leans as the shoulders lean in space, where they go back by what the turn hides.
    let up = [across[1], -across[0].hypot(width * sin)];
    let long = up[0].hypot(up[1]).max(1e-6);
    [at(1), along.map(|x| x * width * cos), up.map(|x| x * width / long), along.map(|x| x * width * sin)]
}
