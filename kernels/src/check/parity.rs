//! One row of the parity table: a kernel on a device against its twin.
//!
//! Inputs are random, outputs and scratch memory begin as NaN, and around every buffer lies a guard zone that must stay
//! as it is. The kernel runs twice and must give the same bytes; then one input value is changed, and the comparison
//! with the old expectation must fail: a check that can't go red proves nothing.

use serde::Serialize;

use super::Case;
use crate::device::{ALIGNMENT, Device, Span};
use crate::error::KernelError;
use crate::kernel::{Expected, Operand, Role, Rows};
use crate::values::{Element, Random};

/// A NaN in f16, a huge number in f32, unlikely as anything else.
const GUARD: u8 = 0xfe;
/// A NaN in f16 and f32.
const POISON: u8 = 0xff;
const GUARD_BYTES: usize = ALIGNMENT;

/// What came of a row.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub kernel: &'static str,
    pub shape: String,
    /// Values compared.
    pub values: usize,
    /// The greatest error as a share of what is allowed; 1 is the limit.
    pub worst: f64,
    /// What is wrong, nothing when the row is green.
    pub faults: Vec<String>,
}

impl Outcome {
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Where rows get their memory from.
#[derive(Debug)]
pub enum Pool {
    /// One piece for all buffers of a row, guard zones between them; used again by the next row, and grown as needed.
    Shared(Option<Span<u8>>),
    /// Each buffer a piece of its own that ends where the buffer does, so that the emulation or a sanitizer stops at
    /// the first access beyond it, even one that only reads.
    Apart,
}

impl Default for Pool {
    fn default() -> Self {
        Self::Shared(None)
    }
}

impl Pool {
    /// A piece for each length: a guard zone, that many bytes, and where pieces are shared another guard zone.
    fn pieces(&mut self, device: &dyn Device, lens: &[usize]) -> Result<Vec<Span<u8>>, KernelError> {
        match self {
            Self::Apart => lens.iter().map(|len| device.allocate(GUARD_BYTES + len)).collect(),
            Self::Shared(memory) => {
                let size = |len: usize| (GUARD_BYTES + len + GUARD_BYTES).next_multiple_of(ALIGNMENT);
                let all = lens.iter().map(|&len| size(len)).sum::<usize>();
                let whole = match *memory {
                    Some(memory) if memory.len() >= all && memory.device() == device.id() => memory,
                    _ => *memory.insert(device.allocate(all.next_power_of_two())?),
                };
                let ends = lens.iter().scan(0, |end, &len| {
                    *end += size(len);
                    Some(*end)
                });
                ends.zip(lens).map(|(end, &len)| whole.part(end - size(len), size(len))).collect()
            }
        }
    }
}

/// A row's buffers on a device.
#[derive(Debug)]
pub struct Placed {
    pub operands: Vec<Operand>,
    pub spans: Vec<Span<u8>>,
    /// Bytes of the inputs, in order of the operands; none for the others.
    inputs: Vec<Option<Vec<u8>>>,
    /// The pieces of memory that the spans are in, guard zones included.
    pieces: Vec<Span<u8>>,
}

impl Placed {
    /// Lays the buffers out with guard zones and fills them.
    pub fn new(device: &dyn Device, pool: &mut Pool, case: &dyn Case, seed: u64) -> Result<Self, KernelError> {
        let operands = case.operands();
        let mut random = Random::new(seed);
        let mut inputs = Vec::new();
        for operand in &operands {
            inputs.push(match &operand.role {
                Role::Input(fill) => Some(fill.bytes(operand.element, operand.len, &mut random)),
                Role::Output | Role::Scratch => None,
            });
        }
        let lens: Vec<usize> = operands.iter().map(Operand::bytes).collect();
        let pieces = pool.pieces(device, &lens)?;
        let spans = pieces.iter().zip(&lens).map(|(piece, &len)| piece.part(GUARD_BYTES, len));
        let spans = spans.collect::<Result<Vec<_>, _>>()?;
        let placed = Self { operands, spans, inputs, pieces };
        placed.reset(device)?;
        Ok(placed)
    }

    /// Guards, inputs and poison as at the beginning.
    fn reset(&self, device: &dyn Device) -> Result<(), KernelError> {
        for ((piece, span), input) in self.pieces.iter().zip(&self.spans).zip(&self.inputs) {
            device.fill(*piece, GUARD)?;
            match input {
                Some(bytes) => device.write(*span, bytes)?,
                None => device.fill(*span, POISON)?,
            }
        }
        Ok(())
    }

    /// Values of the inputs.
    #[must_use]
    pub fn values(&self) -> Vec<Vec<f64>> {
        let inputs = self.operands.iter().zip(&self.inputs);
        inputs.filter_map(|(operand, bytes)| bytes.as_ref().map(|bytes| operand.element.decode(bytes))).collect()
    }

    /// Adds to `faults` what was written where nothing may be, or changed what only goes in.
    fn look_around(&self, memory: &[Vec<u8>], faults: &mut Vec<String>) {
        for ((operand, input), bytes) in self.operands.iter().zip(&self.inputs).zip(memory) {
            let end = GUARD_BYTES + operand.bytes();
            for (place, zone) in [("before", &bytes[..GUARD_BYTES]), ("after", &bytes[end..])] {
                if let Some(at) = zone.iter().position(|&byte| byte != GUARD) {
                    faults.push(format!("the guard zone {place} {} was written, at byte {at} of it", operand.name));
                }
            }
            if input.as_ref().is_some_and(|input| bytes[GUARD_BYTES..end] != input[..]) {
                faults.push(format!("the input {} was changed", operand.name));
            }
        }
    }

    fn outputs<'a>(&'a self, memory: &'a [Vec<u8>]) -> impl Iterator<Item = (&'a Operand, &'a [u8])> {
        let all = self.operands.iter().zip(memory);
        all.filter(|(operand, _)| matches!(operand.role, Role::Output))
            .map(|(operand, bytes)| (operand, &bytes[GUARD_BYTES..GUARD_BYTES + operand.bytes()]))
    }
}

/// How well an output agrees: values compared, worst share of what is allowed, the first fault.
fn compare(operand: &Operand, bytes: &[u8], expected: &[Expected]) -> (usize, f64, Option<String>) {
    let (got, size) = (operand.element.decode(bytes), operand.element.bytes());
    if got.len() != expected.len() {
        return (
            0,
            f64::INFINITY,
            Some(format!("{}: {} values, the twin has {}", operand.name, got.len(), expected.len())),
        );
    }
    let (mut compared, mut worst, mut fault, mut count) = (0, 0.0_f64, None, 0_usize);
    for (i, (&got, expected)) in got.iter().zip(expected).enumerate() {
        let good = if expected.is_untouched() {
            bytes[i * size..(i + 1) * size].iter().all(|&byte| byte == POISON)
        } else {
            expected.allows(got)
        };
        if !expected.value.is_nan() {
            compared += 1;
            let error = (got - expected.value).abs();
            worst = worst.max(if error == 0.0 { 0.0 } else { error / expected.tolerance });
            if got.is_nan() {
                worst = f64::INFINITY;
            }
        }
        if !good {
            count += 1;
            fault.get_or_insert_with(|| {
                let Expected { value, tolerance } = expected;
                format!("{}[{i}] is {got}, it should be {value} within {tolerance:.3e}", operand.name)
            });
        }
    }
    (compared, worst, fault.map(|first| format!("{count} of {} values are wrong: {first}", got.len())))
}

/// Runs the row's launches and brings all its memory back.
fn run(device: &dyn Device, case: &dyn Case, placed: &Placed) -> Result<Vec<Vec<u8>>, KernelError> {
    let launches = case.launches_on(&placed.spans, device.facts())?;
    assert_eq!(launches.len(), case.launch_count(), "{} counts its launches wrongly", case.kernel());
    launches.iter().try_for_each(|launch| device.launch(launch))?;
    device.synchronize()?;
    let read = |piece: &Span<u8>| {
        let mut bytes = vec![0; piece.len()];
        device.read(*piece, &mut bytes).map(|()| bytes)
    };
    placed.pieces.iter().map(read).collect()
}

/// Checks a row. `rows`: which of the output's rows are compared; the negative control needs all of them.
pub fn check(
    device: &dyn Device,
    pool: &mut Pool,
    case: &dyn Case,
    seed: u64,
    rows: Rows,
) -> Result<Outcome, KernelError> {
    let mut outcome = Outcome { kernel: case.kernel(), shape: case.shape(), values: 0, worst: 0.0, faults: Vec::new() };
    let mut placed = Placed::new(device, pool, case, seed)?;
    let expected = case.twin(&placed.values(), rows);
    let memory = run(device, case, &placed)?;
    placed.look_around(&memory, &mut outcome.faults);
    for ((operand, bytes), expected) in placed.outputs(&memory).zip(&expected) {
        let (values, worst, fault) = compare(operand, bytes, expected);
        outcome.values += values;
        outcome.worst = outcome.worst.max(worst);
        outcome.faults.extend(fault);
    }
    if outcome.values == 0 {
        outcome.faults.push("nothing was compared".into());
    }

    placed.reset(device)?;
    let again = run(device, case, &placed)?;
    if placed.outputs(&memory).zip(placed.outputs(&again)).any(|((_, a), (_, b))| a != b) {
        outcome.faults.push("a second run gave other bytes".into());
    }

    if rows == Rows::ALL && case.depends_on_inputs() {
        let (which, at) = case.control();
        change(&mut placed, which, at);
        placed.reset(device)?;
        let changed = run(device, case, &placed)?;
        let mut compared = placed.outputs(&changed).zip(&expected);
        if compared.all(|((operand, bytes), expected)| compare(operand, bytes, expected).2.is_none()) {
            outcome.faults.push("the negative control stayed green: a changed input changed nothing".into());
        }
    }
    Ok(outcome)
}

/// Makes the `at`th value of the `which`th input a clearly other one.
fn change(placed: &mut Placed, which: usize, at: usize) {
    let inputs = placed.operands.iter().zip(&mut placed.inputs);
    let mut inputs = inputs.filter_map(|(operand, bytes)| bytes.as_mut().map(|bytes| (operand.element, bytes)));
    let (element, bytes) = inputs.nth(which).expect("the control names an input");
    let size = element.bytes();
    let value = element.decode(&bytes[at * size..(at + 1) * size])[0];
    let other = match element {
        Element::U8 => (value + 128.0) % 256.0,
        // Across zero: what is cut off at one end of a range is not cut off at the other.
        Element::F16 | Element::F32 | Element::I32 => value - 8.0_f64.copysign(value),
    };
    bytes[at * size..(at + 1) * size].copy_from_slice(&element.encode_all([other]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_nan_and_a_written_neighbour_are_found() {
        let operand = Operand::output("out", Element::F16, 3);
        let expected = [Expected { value: 1.0, tolerance: 0.01 }, Expected::ANY, Expected::UNTOUCHED];
        let bytes = |values: [f64; 3]| Element::F16.encode_all(values);
        let mut good = bytes([1.005, 7.0, 0.0]);
        good[4..].fill(POISON);
        let (values, worst, fault) = compare(&operand, &good, &expected);
        assert!(values == 1 && worst < 1.0 && fault.is_none(), "{fault:?}");
        let is_red = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            compare(&operand, &bytes, &expected).2.is_some()
        };
        assert!(is_red(&|b| b[..2].copy_from_slice(&Element::F16.encode_all([1.02]))));
        assert!(is_red(&|b| b[..2].fill(POISON)));
        assert!(is_red(&|b| b[2..4].fill(POISON)), "left as it was");
        assert!(is_red(&|b| b[4..].fill(0)), "not the kernel's to write");
        assert!(compare(&operand, &good[..4], &expected).2.is_some());
    }
}
