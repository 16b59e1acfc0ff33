//! Work that is done again and again: buffers in, launches, buffers out.
//!
//! On a GPU a program is a graph, recorded once, with page-locked memory at both ends; a run is a replay and one wait.
//! On the emulated device it is the same launches one by one. Nothing is allocated by a run.

use std::sync::Arc;

use crate::cuda::{Cuda, Graph, Pinned};
use crate::device::{Device, Launch, Span};
use crate::emulated::Emulated;
use crate::error::KernelError;

/// A device together with its way to repeat work.
#[derive(Clone, Debug)]
pub enum Machine {
    Cuda(Arc<Cuda>),
    Emulated(Arc<Emulated>),
}

impl Machine {
    /// The first GPU, or why there is none to work on.
    pub fn gpu() -> Result<Self, KernelError> {
        Ok(Self::Cuda(Arc::new(Cuda::open(0)?)))
    }

    #[must_use]
    pub fn device(&self) -> &dyn Device {
        match self {
            Self::Cuda(cuda) => cuda.as_ref(),
            Self::Emulated(emulated) => emulated.as_ref(),
        }
    }

    /// Writes work down: what is copied in, in order, what is launched, and what is copied out.
    pub fn program(
        &self,
        incoming: &[Span<u8>],
        launches: Vec<Launch>,
        outgoing: &[Span<u8>],
    ) -> Result<Program, KernelError> {
        let bytes = |span: &Span<u8>| vec![0_u8; span.len()];
        Ok(match self {
            Self::Cuda(cuda) => {
                let graph = cuda.record(|cuda| launches.iter().try_for_each(|launch| cuda.launch(launch)))?;
                let incoming = incoming.iter().map(|&span| Ok((cuda.pinned(span.len())?, span)));
                let outgoing = outgoing.iter().map(|&span| Ok((span, cuda.pinned(span.len())?)));
                Program(Way::Graph {
                    graph,
                    incoming: incoming.collect::<Result<_, KernelError>>()?,
                    outgoing: outgoing.collect::<Result<_, KernelError>>()?,
                })
            }
            Self::Emulated(device) => Program(Way::Steps {
                device: Arc::clone(device),
                launches,
                incoming: incoming.iter().map(|span| (bytes(span), *span)).collect(),
                outgoing: outgoing.iter().map(|span| (*span, bytes(span))).collect(),
            }),
        })
    }
}

/// Work written down.
#[derive(Debug)]
pub struct Program(Way);

#[derive(Debug)]
enum Way {
    Graph {
        graph: Graph,
        incoming: Vec<(Pinned, Span<u8>)>,
        outgoing: Vec<(Span<u8>, Pinned)>,
    },
    Steps {
        device: Arc<Emulated>,
        launches: Vec<Launch>,
        incoming: Vec<(Vec<u8>, Span<u8>)>,
        outgoing: Vec<(Span<u8>, Vec<u8>)>,
    },
}

impl Program {
    /// The `index`th buffer that is copied in, to be filled before a run.
    pub fn incoming(&mut self, index: usize) -> &mut [u8] {
        match &mut self.0 {
            Way::Graph { incoming, .. } => {
                let (pinned, span) = &mut incoming[index];
                &mut pinned.as_mut_slice()[..span.len()]
            }
            Way::Steps { incoming, .. } => &mut incoming[index].0,
        }
    }

    /// The `index`th buffer that is copied out, as the last run left it.
    #[must_use]
    pub fn outgoing(&self, index: usize) -> &[u8] {
        match &self.0 {
            Way::Graph { outgoing, .. } => {
                let (span, pinned) = &outgoing[index];
                &pinned.as_slice()[..span.len()]
            }
            Way::Steps { outgoing, .. } => &outgoing[index].1,
        }
    }

    /// Copies in, does the work, copies out, and waits, once.
    pub fn run(&mut self) -> Result<(), KernelError> {
        match &mut self.0 {
            Way::Graph { graph, incoming, outgoing } => graph.frame(incoming, outgoing),
            Way::Steps { device, launches, incoming, outgoing } => {
                incoming.iter().try_for_each(|(from, to)| device.write(*to, from))?;
                launches.iter().try_for_each(|launch| device.launch(launch))?;
                outgoing.iter_mut().try_for_each(|(from, to)| device.read(*from, to))
            }
        }
    }

    /// Asks for the work alone, without copies and without waiting: for timing what the device does.
    pub fn work(&self) -> Result<(), KernelError> {
        match &self.0 {
            Way::Graph { graph, .. } => graph.replay(),
            Way::Steps { device, launches, .. } => launches.iter().try_for_each(|launch| device.launch(launch)),
        }
    }
}
