//! What was said, and when.

/// A stretch of the stream, in seconds from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub start_s: f64,
    pub end_s: f64,
}

impl Span {
    #[must_use]
    pub fn length_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}

/// One utterance in words, or its beginning while it is still being spoken.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    pub text: String,
    /// From the first to the last voiced sound, without the silence around.
    pub span: Span,
    /// False for a partial: the caption may show it, the state model must not hear it.
    pub is_final: bool,
    /// The language's code, "en" or "zh", where the recogniser tells one.
    pub language: Option<String>,
}
